"""Loads a speech model, has it hear a second of silence:
python -m recordings.transcribing.model_trial FOLDER

In a process of its own: Kaldi ends the process on files that it cannot bear. Prints the model's
rate, or one sentence and exit code 1.
"""

import sys
from pathlib import Path

from recordings.recogniser import NoModel
from recordings.transcribing.vosk_recogniser import VoskRecogniser


def main() -> int:
    try:
        recogniser = VoskRecogniser(Path(sys.argv[1]))
    except NoModel as error:
        sys.stderr.write(f"{error}\n")
        return 1
    recogniser.transcribe(bytes(2 * recogniser.rate), recogniser.rate)
    sys.stdout.write(f"{recogniser.rate}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
