"""transcribed: the plain values that a worker answers with → Transcript, checked as a stranger's words."""

from pydantic import TypeAdapter

from pipeline.domain import Transcript

TRANSCRIPTS: TypeAdapter[Transcript] = TypeAdapter(Transcript)
