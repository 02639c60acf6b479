# The centre in a container. Built in two steps so that the image has no compiler and no pip cache.
#   docker build -t callcenter . && docker compose up
FROM python:3.12-slim AS build
WORKDIR /src
RUN python -m venv /opt/callcenter
COPY pyproject.toml README.md LICENSE ./
COPY callcenter callcenter
COPY wallboard wallboard
COPY ivr ivr
COPY acd acd
COPY desk desk
COPY recordings recordings
COPY telephony telephony
COPY foundation foundation
RUN /opt/callcenter/bin/pip install --no-cache-dir .

FROM python:3.12-slim
# No apt step: vosk needs libstdc++, which the slim image has, and espeak-ng comes in a wheel.
RUN useradd --system --uid 10001 --home-dir /centre --create-home centre
COPY --from=build /opt/callcenter /opt/callcenter
ENV PATH=/opt/callcenter/bin:$PATH PYTHONUNBUFFERED=1
USER centre
WORKDIR /centre
# callcenter.yaml, flows, prompts and data: `callcenter init /centre` fills an empty one.
VOLUME /centre
EXPOSE 5060/udp 8080/tcp
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8080/healthz', timeout=2)"]
STOPSIGNAL SIGTERM
CMD ["callcenter", "serve", "/centre"]
