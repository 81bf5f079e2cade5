"""What people have recorded: which sentences, and what is still to be said.

A recording is a WAV or FLAC file in the folder of recordings, named by the id of its prompt. What
is wrong with its sound, `examination` says.
"""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path

from router.core.ids import PromptId
from router.errors import Problem
from router.voice.catalogue import Catalogue, Prompt

RECORDING_SUFFIXES = (".wav", ".flac")


def recorded(folder: Path) -> dict[PromptId, Path]:
    """Return the recordings by prompt; a WAV takes precedence over a FLAC."""
    files = sorted(folder.glob("*"))
    return {
        PromptId(file.stem): file
        for suffix in reversed(RECORDING_SUFFIXES)
        for file in files
        if file.suffix.lower() == suffix
    }


def strangers(folder: Path, catalogue: Catalogue) -> Iterator[Problem]:
    """Yield the recordings that no prompt has the id of."""
    for id_ in sorted(recorded(folder)):
        if id_ not in catalogue.prompts:
            close = get_close_matches(id_, list(catalogue.prompts), n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            yield Problem(f"{folder.name}/{id_}", f"no prompt has this id{hint}")


def missing(folder: Path, catalogue: Catalogue) -> list[Prompt]:
    """Return the prompts that nobody has recorded, in the catalogue's order."""
    there = recorded(folder)
    return [prompt for id_, prompt in catalogue.prompts.items() if id_ not in there]


def script(prompts: list[Prompt], pronunciation: Mapping[str, str]) -> Iterator[str]:
    """Yield the lines from which a studio records `prompts`, in French."""
    yield _HEAD.format(count=len(prompts), s="s" if len(prompts) > 1 else "")
    for written, said in pronunciation.items():
        yield f"« {written} » se dit « {said} »."
    for number, prompt in enumerate(prompts, 1):
        yield ""
        yield f"{number}. {prompt.id}.wav{how_to_say(prompt)}"
        yield f"   {prompt.text}"


def how_to_say(prompt: Prompt) -> str:
    """Return how the end is said where the sentence goes on in another file; in French."""
    if not prompt.joined:
        return ""
    if prompt.spoken.endswith(","):
        return " (début ou milieu de phrase\u00a0: la voix reste levée)"
    return " (fin de phrase\u00a0: la voix retombe)"


_HEAD = (
    """\
Texte à enregistrer : {count} phrase{s}

Une phrase par fichier, sous le nom indiqué. WAV ou FLAC, 48 kHz et 24 bits de préférence
(16 kHz et 16 bits au moins), en mono. Une demi-seconde de silence avant et après ; des crêtes
entre −12 et −6 dBFS, jamais de saturation. Ni compression, ni réverbération, ni fond sonore :
le niveau, les silences et la bande passante sont réglés ensuite.
Même voix, même distance, même débit du début à la fin : certaines phrases sont assemblées
à partir de plusieurs fichiers.
""".replace(" :", "\u00a0:")
    .replace(" ;", "\u00a0;")
    .replace(" kHz", "\u00a0kHz")
)
