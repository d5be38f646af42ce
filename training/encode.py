"""Turns every pair into piece ids once. usage: encode.py <raw pairs> <simplified pairs> <work folder>
Writes pairs.npz: ids (int32, all texts one after another), offsets, a and b (text numbers; b of -1 never occurs), source (number), names."""
import sys
import numpy as np, sentencepiece as spm
from text import normalise, read_pairs

LIMIT = 320  # pieces kept of a text


def main(raw, simple, work):
    pieces = spm.SentencePieceProcessor(model_file=work + "/pieces.model")
    number, texts, a, b, source, names = {}, [], [], [], [], {}

    def text_number(text):
        text = normalise(text)
        if text not in number:
            number[text] = len(texts)
            texts.append(text)
        return number[text]

    rng = np.random.default_rng(1)
    for traditional, simplified in zip(read_pairs(raw), read_pairs(simple)):
        chosen = [simplified]
        if traditional[0] != simplified[0] or traditional[1] != simplified[1]:  # both scripts, and now and then one against the other
            mixed = (traditional[0], simplified[1], "", traditional[3]) if rng.random() < 0.5 else (simplified[0], traditional[1], "", traditional[3])
            chosen = [simplified, traditional if rng.random() < 0.6 else mixed] if rng.random() < 0.5 else [simplified]
        for left, right, _, name in chosen:
            left, right = text_number(left), text_number(right)
            if left != right and texts[left] and texts[right]:
                a.append(left), b.append(right), source.append(names.setdefault(name, len(names)))
    ids, offsets = [], [0]
    for start in range(0, len(texts), 20000):
        for row in pieces.encode(texts[start:start + 20000]):
            ids.append(np.array(row[:LIMIT], np.int32))
            offsets.append(offsets[-1] + len(ids[-1]))
    # idf over everything long enough to be a passage
    passages = [row for row in ids if len(row) >= 40]
    df = np.bincount(np.concatenate([np.unique(row) for row in passages]), minlength=pieces.get_piece_size())
    np.save(work + "/idf.npy", np.log(1 + (len(passages) - df + 0.5) / (df + 0.5)).astype(np.float32))
    np.savez(work + "/pairs.npz", ids=np.concatenate(ids), offsets=np.array(offsets), a=np.array(a), b=np.array(b), source=np.array(source), names=np.array(list(names)))
    print("pairs", len(a), "texts", len(texts), "pieces", offsets[-1])


if __name__ == "__main__":
    main(*sys.argv[1:4])
