"""The baseline of tagging that looks at no neighbour: the tag that a word has most often in training."""

from __future__ import annotations

from collections import Counter, defaultdict

from harness.contract.metric import Prediction
from harness.contract.task import Baseline, TaskData


def predict(data: TaskData, seed: int) -> list[Prediction]:
    """Answer each word's most frequent tag; words never seen get that of words seen once. `seed` changes nothing.

    The first of equals is the tag that training has first. Case counts, as the data set writes it.
    """
    counts: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for i in range(len(data.train)):
        example = data.train[i]
        for word, tag in zip(example.source.split(), example.target.tolist(), strict=True):
            counts[word][tag] += 1
    best = {word: tags.most_common(1)[0][0] for word, tags in counts.items()}
    once: Counter[int] = Counter()
    for tags in counts.values():
        if tags.total() == 1:
            once.update(tags)
    otherwise = (once or sum(counts.values(), Counter[int]())).most_common(1)[0][0]
    predictions = []
    for i in range(len(data.test)):
        example = data.test[i]
        answer = [best.get(word, otherwise) for word in example.source.split()]
        predictions.append(Prediction(example.id, answer, data.target_spec.text(answer, data.decode)))
    return predictions


MOST_FREQUENT_TAG = Baseline(
    name="most_frequent_tag",
    description="Gives each word the tag that it has most often in training.",
    predict=predict,
)
