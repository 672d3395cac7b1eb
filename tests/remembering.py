"""Confined workers for the tests that are asked each question once."""

from __future__ import annotations

from hashlib import sha256

from pipeline.sandbox.workers import WorkerPool

# Larger answers are rare, and not worth their memory.
_WORTH_KEEPING = 1 << 20


class RememberingPool(WorkerPool):
    """A pool that knows what its workers answered: hundreds of tests let the same few files be read.

    An answer is kept as the worker said it and taken apart anew each time; what failed is tried again.
    """

    _answers: dict[bytes, bytes] | None = None

    def _run(self, request: bytes, data: bytes) -> bytes:
        answers = self._answers = {} if self._answers is None else self._answers
        question = sha256(request).digest() + sha256(data).digest()
        if question not in answers:
            answer = super()._run(request, data)
            if len(answer) > _WORTH_KEEPING:
                return answer
            answers[question] = answer
        return answers[question]
