"""Things to say: sentences of our own, words drawn from them at random, and syllables put together at random."""

from __future__ import annotations

import numpy as np

ENGLISH = """
please bring my brother a big piece of blueberry pie before the bus leaves
the old man bought five white shirts and a pair of very cheap shoes
we were walking through the woods when the wolf began to howl
she thinks the judge should choose a longer path home from the village
my mother moved the lamp from the table to the empty room upstairs
nobody knew why the boy had thrown his toys over the garden fence
could you show me how to open the window without making any noise
i usually measure the oil and pour about half of it into the bowl
they say the weather up north will be much better after the weekend
what do you want to drink with your lunch, water or orange juice
people often forget that the biggest problems begin with simple ideas
father never hears the phone ring while he is watching football
her voice was warm, but her words were cold and rather formal
if the plan fails we will probably try again on Wednesday morning
there is hardly any good reason to be afraid of the dark
the chief engineer explained the purpose of each part of the machine
i would love to hear more about your job and your family
farmers grow apples, plums, pumpkins and beans on both sides of the river
put the keys in your pocket and do not lose them this time
thirty thousand birds flew above the harbour before the storm arrived
so what happened next, and why did everybody leave so early
yes of course, i really mean it, thank you very much
oh no, that was supposed to be a secret between you and me
we have been making small improvements to the product every single week
maybe the problem is not the computer but the person who programs it
a wise ruler asks for advice, listens, and only then makes up his mind
the museum opens at nine, and the first group arrives around half past ten
look, the moon is rising over the roof of that beautiful blue house
all of our employees have to wear a badge when they enter the building
in my opinion the future of the company depends on how we treat customers
he mumbled something about a bomb, a map and a broken lamp
you may borrow my umbrella, but bring it back by Monday or Tuesday
hot coffee and fresh bread are all i need in the morning
the speech was about freedom, hope and what every country owes its people
ask yourself whether you would vote for somebody who behaves like that
far away, a farmer waved his arms and shouted at the passing car
my favourite movie is about a family of bears that move to Boston
go up the road, turn left at the bakery, and you will see the pool
five more minutes, please, i am almost finished with my homework
whoever wrote this book knew exactly how people think and feel
"""

OTHERS = {
    "de": """
    bitte bringen sie mir morgen früh die blaue mappe und fünf bücher mit
    das wetter war so schön, dass wir über die brücke zum fluss gegangen sind
    meine mutter möchte wissen, warum du gestern abend nicht gekommen bist
    er kaufte äpfel, pflaumen, butter und ein großes stück käse auf dem markt
    ich habe oft darüber nachgedacht, ob wir den plan ändern müssen
    am abend brannte im zimmer eine lampe, und niemand sprach ein wort
    die bäume am bach blühen im april, bevor die ersten bienen kommen
    papa hebt den ball auf und wirft ihn über den zaun zu den nachbarn
    habt ihr vielleicht ein paar kartoffeln und ein bisschen pfeffer übrig
    """,
    "fr": """
    bonjour madame, pouvez vous me montrer le chemin de la gare
    mon petit frère mange beaucoup de pommes et boit du lait froid
    la lune brille au dessus de la mer pendant que nous rentrons chez nous
    je voudrais une chambre avec vue sur le jardin pour deux personnes
    il faut que tu viennes me voir avant la fin du mois
    un bon vin blanc et du pain frais, voilà tout ce qu'il nous faut
    les enfants jouent au ballon dans le parc pendant que papa prépare le repas
    ma tante habite un bel immeuble au bord du fleuve depuis longtemps
    on ne comprend pas pourquoi le bus bleu part toujours en retard
    """,
    "es": """
    buenos días, me gustaría hablar con el hombre que vive en esta casa
    mi abuela prepara una sopa de verduras muy buena todos los viernes
    el perro blanco corre por la playa mientras los niños juegan con la pelota
    no sabemos por qué el tren llegó tan tarde a la ciudad
    compramos pan, queso, vino y un poco de jamón para la cena
    mi primo vive en un pueblo pequeño y trabaja en una fábrica de papel
    el barco volvió al puerto por la mañana con mucho pescado
    también me parece bien que hablemos mañana por teléfono
    """,
    "it": """
    buongiorno, vorrei comprare un biglietto per il prossimo treno
    mia sorella abita in una piccola casa bianca vicino al mare
    il bambino ha mangiato tutta la pasta e poi ha bevuto un po' d'acqua
    domani mattina partiamo presto perché il viaggio è lungo
    il babbo beve sempre un buon caffè prima di andare al lavoro
    mi piacerebbe abitare in una piccola città in mezzo alle montagne
    quando piove i bambini rimangono a casa e fanno i compiti
    """,
    "pt-br": """
    bom dia, meu amigo, você pode me ajudar com este problema
    a minha mãe comprou um vestido verde para a festa de sábado
    o homem velho mora numa casa pequena perto da praia
    precisamos falar sobre o futuro da nossa empresa
    o meu irmão bebe um copo de água e come um pedaço de bolo
    amanhã bem cedo vamos embora para o campo com a família
    não sei por que o ônibus sempre passa tão devagar por aqui
    um bom amigo também sabe ouvir quando a gente precisa
    """,
    "nl": """
    goedemorgen, ik wil graag een kopje koffie en een broodje met kaas
    mijn broer woont in een groot huis bij de oude haven
    waarom ben je gisteren niet met ons mee gegaan naar het museum
    """,
    "pl": """
    dzień dobry, proszę mi powiedzieć, gdzie jest najbliższa poczta
    moja babcia piecze bardzo dobry chleb i ciasto z jabłkami
    wczoraj wieczorem byliśmy w kinie na nowym filmie
    """,
    "ru": """
    доброе утро, мы хотим купить билет на поезд до москвы
    моя бабушка живёт в маленьком белом доме у реки
    почему вы вчера не пришли к нам в гости
    мама купила на рынке помидоры, перец и большой белый хлеб
    брат просыпается в семь часов и быстро бежит на работу
    """,
    "sv": """
    god morgon, jag skulle vilja ha en kopp kaffe och en smörgås
    min bror bor i ett gult hus nära sjön med sin familj
    """,
    "tr": """
    günaydın, bu akşam bizimle yemeğe gelmek ister misin
    babam her sabah bahçede çay içer ve gazete okur
    """,
    "fi": """
    hyvää huomenta, haluaisin ostaa kaksi lippua elokuviin
    minun äitini asuu pienessä talossa metsän reunalla
    """,
    "ja": """
    おはようございます、きょうはとてもいいてんきですね
    わたしのともだちはとうきょうでえいごをおしえています
    ぼくはまいにちあさごはんにパンとたまごをたべます
    """,
    "hi": """
    नमस्ते, आप मुझे स्टेशन का रास्ता बता सकते हैं
    मेरी माँ बहुत अच्छा खाना बनाती है और सब लोग पसंद करते हैं
    """,
    "cmn-latn-pinyin": """
    ni3 hao3 wo3 men5 ming2 tian1 zao3 shang5 qu4 bei3 jing1
    ta1 ba4 ba5 zai4 yi4 jia1 da4 gong1 si1 gong1 zuo4
    wo3 fei1 chang2 xi3 huan5 zhe4 ben3 shu1 bu4 zhi1 dao4 wei4 shen2 me5
    """,
}

ENGLISH_VOICES = ("en-us", "en", "en-gb-x-rp", "en-gb-scotland", "en-029", "en-gb-x-gbcwmd", "en-us-nyc")
ENGLISH_SHARE = 0.45
"""of all that is said; of the rest, languages with more lines have more"""


def _words(text: str) -> list[str]:
    return text.split()


ONSETS = _words("p b m f v w t d n s l r k g h th sh ch j y pl br fr st tr kl sp sm gr bl kw")
NUCLEI = _words("a e i o u ee oo ai ow oy ar or er ay aw ou")
CODAS = ["", "", "", "", *_words("p b m f t n s l k r mp nt st v sh ng ft")]

# Voices to learn from, and voices kept out, to be measured on.
VARIANTS = _words(
    "Alex Alicia Andrea Andy Annie Denis Diogo Gene Gene2 Henrique Hugo Jacky Lee Marco Mario Michael Mike Nguyen "
    "RicishayMax RicishayMax2 Storm adam anika antonio aunty belinda benjamin boris caleb david ed edward edward2 "
    "gustave iven iven2 iven3 john kaukovalta klatt klatt2 klatt3 klatt4 klatt5 linda marcelo max michel pablo paul "
    "pedro quincy rob robert sandro steph steph2 travis victor zac f1 f2 f3 f4 f5 m1 m2 m3 m4 m5 m6 m7 grandma "
    "whisper croak"
)
HELD_OUT = _words("miguel shelby norbert steph3 m8 iven4 grandpa klatt6")


def sentence(random: np.random.Generator, language: str | None = None) -> tuple[str, str]:
    """A language of espeak-ng, drawn if None, and a text in it, some seconds long."""
    if language is not None:
        lines = _lines(OTHERS.get(language, ENGLISH))
    elif random.random() < ENGLISH_SHARE:
        language, lines = str(random.choice(ENGLISH_VOICES)), _lines(ENGLISH)
    else:
        counts = np.array([len(_lines(block)) for block in OTHERS.values()])
        language = str(random.choice(list(OTHERS), p=counts / counts.sum()))
        lines = _lines(OTHERS[language])
    kind = random.random()
    if kind < 0.4:
        text = str(random.choice(lines))
    elif kind < 0.8 or language in ("ru", "ja", "hi", "cmn-latn-pinyin"):
        words = " ".join(lines).replace(",", "").split()
        text = " ".join(random.choice(words, int(random.integers(3, 12))))
    else:
        text = " ".join(_word(random) for _ in range(random.integers(3, 9)))
    return language, text


def _lines(block: str) -> list[str]:
    return [line.strip() for line in block.strip().splitlines()]


def _word(random: np.random.Generator) -> str:
    parts = []
    for _ in range(random.integers(1, 4)):
        parts += [str(random.choice(ONSETS)), str(random.choice(NUCLEI))]
    return "".join(parts) + str(random.choice(CODAS)).strip()
