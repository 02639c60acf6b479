"""The phone page in a real Chromium, whose microphone is a WAV.

async with ChromiumPhone.opened(centre, says=wav) as phone:
    await phone.sign_on("agent0001", "pw0001", port)
    await phone.dial("8000")
    assert await phone.hears(440)
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Page, async_playwright, expect

from tests.support.centre import Centre
from tests.support.page_check import CHROMIUM
from tests.support.page_check import FLAGS as PLAIN_FLAGS
from tests.support.web_house import PASSWORD

FLAGS = (
    *PLAIN_FLAGS,
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--allow-loopback-in-peer-connection",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
    "--autoplay-policy=no-user-gesture-required",
)
PATIENCE_MS = 20_000
LOUDEST_HZ = """
async () => {
  const context = new AudioContext();
  const analyser = new AnalyserNode(context, { fftSize: 16384, smoothingTimeConstant: 0 });
  const stream = document.getElementById("voice").srcObject;
  if (!stream) return 0;
  context.createMediaStreamSource(stream).connect(analyser);
  await new Promise((resolve) => setTimeout(resolve, 700));
  const levels = new Float32Array(analyser.frequencyBinCount);
  analyser.getFloatFrequencyData(levels);
  const loudest = levels.indexOf(Math.max(...levels));
  const hz = levels[loudest] > -60 ? loudest * context.sampleRate / analyser.fftSize : 0;
  await context.close();
  return hz;
}
"""
"The strongest frequency of what the page plays; 0 in silence."


class ChromiumPhone:
    """One page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []

    @classmethod
    @asynccontextmanager
    async def opened(cls, centre: Centre, says: Path) -> AsyncIterator["ChromiumPhone"]:
        """Signed in to the web role, at the phone's page."""
        flags = [*FLAGS, f"--use-file-for-fake-audio-capture={says}"]
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
            page = await browser.new_page(locale="en-GB")
            phone = cls(page)
            page.on("pageerror", lambda error: phone.complaints.append(str(error)))
            page.on("dialog", lambda dialog: dialog.accept())
            await page.goto(f"{centre.url}/sign-in")
            await page.fill("[name=name]", "sue")
            await page.fill("[name=password]", PASSWORD)
            await page.click("button")
            await page.wait_for_url("**/wallboard")
            await page.goto(f"{centre.url}/phone")
            try:
                yield phone
            finally:
                await browser.close()

    async def sign_on(self, user: str, password: str) -> None:
        await self.page.fill("[name=user]", user)
        await self.page.fill("[name=password]", password)
        await self.page.click("#sign_on")
        await self.is_registered()

    async def is_registered(self) -> None:
        await expect(self.page.locator("#line")).to_have_text("Ready", timeout=PATIENCE_MS)

    async def dial(self, number: str) -> None:
        await self.page.fill("[name=number]", number)
        await self.page.click("#call")

    async def press(self, key: str) -> None:
        await self.page.click(f"#keys button:text-is('{key}')")

    async def is_in(self, state: str) -> None:
        """Until the call is `calling`, `incoming`, `talking`, `ended`."""
        await expect(self.page.locator("body")).to_have_attribute(
            "data-call", state, timeout=PATIENCE_MS
        )

    async def has_audio(self) -> None:
        """Until ICE and DTLS have agreed."""
        await expect(self.page.locator("body")).to_have_attribute(
            "data-audio", "connected", timeout=PATIENCE_MS
        )

    async def loudest_hz(self) -> float:
        return float(await self.page.evaluate(LOUDEST_HZ))
