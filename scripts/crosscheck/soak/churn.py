"""Models that are replaced, unloaded and loaded all the time, and what may be asked of them meanwhile."""

import asyncio
import random
import typing

from soak.http_client import Connection, Lost, Refused
from soak.models import Question, Repository
from soak.tally import Tally

REPLACEMENTS = 3  # between two unloads
MODELS = {"changing": "ridgeline", "fleeting": "onnxruntime", "coming": "python"}


class Churned:
    """One model. `epoch` counts its unloads: a question that was asked and answered within one, while it was up, must not be refused."""

    def __init__(self, repository: Repository, model: str, port: int):
        self.repository, self.model = repository, model
        self.control = Connection(port)
        self.version = 1
        self.is_up = True
        self.epoch = 0
        self.cycles = 0
        self._questions: dict[int, list[Question]] = {}

    def questions(self, version: int) -> list[Question]:
        key = version if MODELS[self.model] == "python" else self.repository.seed_of(version)
        if key not in self._questions:
            if len(self._questions) > 8:
                self._questions.pop(next(iter(self._questions)))
            self._questions[key] = self.repository.scale(self.model, version) if MODELS[self.model] == "python" else self.repository.lenet(self.model, version)
        return self._questions[key]

    async def _control(self, action: str) -> None:
        status, _, body = await self.control.ask("POST", f"/v2/repository/models/{self.model}/{action}")
        if status != 200:
            raise Lost(f"{action} of {self.model}: {status} {body.decode()[:300]}")

    async def run(self, stop: asyncio.Event, tally: Tally, pause_s: float) -> None:
        while not stop.is_set():
            try:
                for _ in range(REPLACEMENTS):
                    self.version += 1
                    self.repository.replace(self.model, self.version)
                    await self._control("load")
                    tally.note_answer("load", "")
                    await asyncio.sleep(random.uniform(0.5, 1.5) * pause_s)
                self.is_up, self.epoch = False, self.epoch + 1
                await self._control("unload")
                tally.note_answer("unload", "")
                await asyncio.sleep(pause_s / 2)
                await self._control("load")
                self.is_up = True
                self.cycles += 1
                await asyncio.sleep(pause_s)
            except (Lost, Refused) as error:
                tally.note_lost("control", error)
                await asyncio.sleep(1)

    async def ask(self, infer: typing.Callable, kind: str, tally: Tally) -> None:
        """Of whatever version there is: the answer names it."""
        number = random.randrange(len(self.questions(1)))
        epoch, was_up = self.epoch, self.is_up
        try:
            version, answer = await infer(self.questions(1)[number])
        except Refused as error:
            if was_up and epoch == self.epoch:
                tally.note_lost(kind, Lost(f"refused while it was up: {error}"))
            else:
                tally.note_refused(kind)
            return
        tally.note_answer(kind, self.questions(int(version))[number].check(answer))
