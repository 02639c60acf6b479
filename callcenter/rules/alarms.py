"""By what ways people outside are told of alarms."""

from callcenter.configuration.alarm_settings import AlarmSection
from callcenter.sections.values import split_port
from wallboard.alarms.alarm_post import Mail, MailOptions, Way, Webhook, WebhookOptions


def alarm_ways(alarms: AlarmSection, centre: str) -> dict[str, Way]:
    """Who outside is told of alarms. `centre`: how the house is named there."""
    ways: dict[str, Way] = {}
    if alarms.webhook is not None:
        secret = alarms.webhook.secret.get_secret_value().encode()
        ways["webhook"] = Webhook(
            WebhookOptions(url=alarms.webhook.url, secret=secret, centre=centre)
        )
    if alarms.mail is not None:
        mail = alarms.mail
        host, port = split_port(mail.server, 587)
        options = MailOptions(
            host=host,
            port=port,
            tls=mail.tls,
            user=mail.user,
            password=mail.password.get_secret_value(),
            sender=mail.sender,
            to=mail.to,
            centre=centre,
        )
        ways["mail"] = Mail(options)
    return ways
