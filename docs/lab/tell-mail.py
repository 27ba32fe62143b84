#!/usr/bin/env python3
"""Mails a night by this machine's sendmail: notify: [{command: ./tell-mail.py team@example.org}].

Every night is mailed; its subject says whether it must be read. With --page FILE the morning page is attached: name
that entry of notify before this one.
"""

import argparse
import json
import subprocess
import sys
from email.message import EmailMessage
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("to", nargs="+")
parser.add_argument("--page", type=Path)
wanted = parser.parse_args()

night = json.load(sys.stdin)
message = EmailMessage()
message["To"] = ", ".join(wanted.to)
message["Subject"] = f"[lab] {night['night']['id']}: {' '.join(night['headline'].split())[:150]}"
message.set_content(night["text"])
if wanted.page:
    message.add_attachment(wanted.page.read_text(encoding="utf-8"), subtype="html", filename=wanted.page.name)
subprocess.run(["sendmail", "-t", "-oi"], input=message.as_bytes(), check=True)  # noqa: S607 - found on PATH
