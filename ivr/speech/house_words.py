"""What callbacks, voicemails, surveys and questions say when the flow has no words of its own.

A flow's own prompt of the name, or a WAV, wins. Slots as in `language.templates`.
"""

from collections.abc import Mapping

from ivr.speech.words import Words

HOUSE_WORDS: Mapping[str, Words] = {
    "callback_offer": {
        "en": "We can call you back, and you keep your place. For a call back, press 1. "
        "To go on waiting, press 2.",
        "zh": "我们可以稍后回拨，并保留您的排队位置。需要回拨请按1，继续等待请按2。",
    },
    "callback_confirm": {
        "en": "We will call {callback.number:digits}. If that is right, press 1. "
        "For another number, press 2.",
        "zh": "我们将回拨{callback.number:digits}。确认请按1，更换号码请按2。",
    },
    "callback_enter": {
        "en": "Please enter the number, then the hash key.",
        "zh": "请输入回拨号码，以井号键结束。",
    },
    "callback_thanks": {
        "en": "Thank you. We will call you back.",
        "zh": "谢谢，我们将尽快回拨。",
    },
    "callback_sorry": {
        "en": "We are sorry. We cannot call that number back.",
        "zh": "很抱歉，我们无法回拨该号码。",
    },
    "voicemail_greeting": {
        "en": "Please leave a message after the tone. Press hash when you are done.",
        "zh": "请在提示音后留言，结束请按井号键。",
    },
    "voicemail_thanks": {
        "en": "Thank you for your message.",
        "zh": "谢谢您的留言。",
    },
    "survey_attitude": {
        "en": "How friendly was the agent? 5 is very good, 1 is very poor.",
        "zh": "请为坐席的服务态度评分，非常满意请按5，非常不满意请按1。",
    },
    "survey_efficiency": {
        "en": "How quickly was your matter dealt with? 5 is very quickly, 1 is very slowly.",
        "zh": "请为处理效率评分，非常满意请按5，非常不满意请按1。",
    },
    "survey_clarity": {
        "en": "How clear was what the agent said? 5 is very clear, 1 is not clear at all.",
        "zh": "请为坐席表达的清晰程度评分，非常满意请按5，非常不满意请按1。",
    },
    "survey_thanks": {
        "en": "Thank you for your answers. Goodbye.",
        "zh": "感谢您的评价，再见。",
    },
    "ask_you_said": {
        "en": "You said:",
        "zh": "您说的是：",
    },
    "ask_right": {
        "en": "If that is right, say yes or press 1. If not, say no or press 2.",
        "zh": "对的话请说是或按1，不对请说不是或按2。",
    },
    "not_understood": {
        "en": "We have not understood that.",
        "zh": "对不起，没有听清。",
    },
}

YES: Mapping[str, tuple[str, ...]] = {
    "en": ("yes", "right", "correct"),
    "zh": ("是", "是的", "对", "对的"),
}
NO: Mapping[str, tuple[str, ...]] = {
    "en": ("no", "wrong"),
    "zh": ("不是", "不对", "错", "不"),
}
