"""A signature of the letters of every piece: the sum of a random vector for each character (Chinese) or three letters (other scripts), at unit length, as int8.
Pieces that share characters, 电脑 and 电脑屏, deposit and deposits, have similar signatures whatever they mean. usage: letters.py <work folder> -> letters.npy"""
import re, sys, zlib
import numpy as np
from sentencepiece import sentencepiece_model_pb2 as proto

WIDTH = 64


def parts(piece):
    word = piece.replace("\u2581", "^")
    if re.search("[\u3040-\u30ff\u3400-\u9fff\U00020000-\U0003ffff]", word):
        return list(word)
    word = word + "$" if word.startswith("^") else word
    return [word[i:i + 3] for i in range(len(word) - 2)] or [word]


def vector(part):
    return np.random.default_rng(zlib.crc32(part.encode())).choice([-1.0, 1.0], WIDTH)


if __name__ == "__main__":
    work = sys.argv[1]
    model = proto.ModelProto()
    model.ParseFromString(open(work + "/pieces.model", "rb").read())
    known, out = {}, np.zeros((len(model.pieces), WIDTH))
    for i, piece in enumerate(model.pieces):
        if i > 2:
            for part in parts(piece.piece):
                known[part] = known[part] if part in known else vector(part)
                out[i] += known[part]
    out /= np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-9)
    np.save(work + "/letters.npy", np.rint(out * 127).astype(np.int8))
