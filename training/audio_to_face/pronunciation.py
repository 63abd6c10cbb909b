"""How words of other languages sound to a recogniser that knows the phonemes of English only."""

from __future__ import annotations

from espeak import Espeak

WHOLE = {"aɪ": "AY", "aʊ": "AW", "ɔɪ": "OY", "ɔø": "OY", "ɔʏ": "OY", "eɪ": "EY", "oʊ": "OW", "tʃ": "CH", "dʒ": "JH"}
"""phonemes of two signs that are one of English"""
NEAREST = {
    **dict.fromkeys("iɨy", "IY"),
    **dict.fromkeys("ɪʏᵻ", "IH"),
    **dict.fromkeys("e", "EY"),
    **dict.fromkeys("ɛ", "EH"),
    **dict.fromkeys("æ", "AE"),
    **dict.fromkeys("aäɑ", "AA"),
    **dict.fromkeys("ɒɔ", "AO"),
    **dict.fromkeys("o", "OW"),
    **dict.fromkeys("ʊøɵ", "UH"),
    **dict.fromkeys("uʉɯ", "UW"),
    **dict.fromkeys("ʌɐəɘœɤ", "AH"),
    **dict.fromkeys("ɜɝɚ", "ER"),
    **dict.fromkeys("p", "P"),
    **dict.fromkeys("bɓ", "B"),
    **dict.fromkeys("mɱ", "M"),
    **dict.fromkeys("fɸ", "F"),
    **dict.fromkeys("vʋβ", "V"),
    **dict.fromkeys("wʍ", "W"),
    **dict.fromkeys("ʃɕʂ", "SH"),
    **dict.fromkeys("ʒʑʐ", "ZH"),
    **dict.fromkeys("s", "S"),
    **dict.fromkeys("z", "Z"),
    **dict.fromkeys("tʈ", "T"),
    **dict.fromkeys("dɖɾ", "D"),
    **dict.fromkeys("nɳɲ", "N"),
    **dict.fromkeys("lɫɭɬʎ", "L"),
    **dict.fromkeys("θ", "TH"),
    **dict.fromkeys("ð", "DH"),
    **dict.fromkeys("rɹɻɽ", "R"),
    **dict.fromkeys("kqc", "K"),
    **dict.fromkeys("ɡgɣɟ", "G"),
    **dict.fromkeys("ŋɴ", "NG"),
    **dict.fromkeys("hɦxχħʁç", "HH"),
    **dict.fromkeys("jʝɥ", "Y"),
}


def pronounce(espeak: Espeak, word: str, voice: str) -> list[tuple[str, str]]:
    """The phonemes of ``word`` by espeak-ng: IPA, and the nearest of English by its name in CMU's dictionary."""
    found = []
    for phone in espeak.say(word, voice, 160, 50, 50)[1]:
        whole = WHOLE.get(phone.ipa.replace("ː", ""))
        if whole is not None:
            found.append((phone.ipa, whole))
        else:
            found += [(sign, NEAREST[sign]) for sign in phone.ipa if sign in NEAREST]
    return found
