"""What the scripts that make the tiny models share: a small vocabulary and its tokenizer, a way to write a graph, one attention layer
as a graph and in PyTorch."""
import json, os, unicodedata
import numpy as np, onnx, torch
from onnx import TensorProto, helper, numpy_helper

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "fixtures", "models")
WIDTH, LIMIT = 16, 32
FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64
rng = np.random.default_rng(11)

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = "the a cat dog sat on mat search find know ##ledge ##s ##ing ##ed base vector hello world ! , . - 1 2 3 ##1 ##2 ##3".split()
LETTERS = [c for c in "abcdefghijklmnopqrstuvwxyz"] + ["##" + c for c in "abcdefghijklmnopqrstuvwxyz"]
HAN = list("知识库把文档切成小段你好世界搜索。，！")
VOCAB = {t: i for i, t in enumerate(SPECIAL + WORDS + [l for l in LETTERS if l not in WORDS] + HAN)}
TEXTS = ["Hello, world!", "知识库 knowledge bases", "The cat sat on the mat, the dog searched.", "a", "你好世界。搜索 vector 123 ünïcode 😀 xyz", ""]


def words(text):
    """BERT's basic tokenizer, uncased."""
    out = []
    for char in text:
        code = ord(char)
        if code in (0, 0xFFFD) or (unicodedata.category(char).startswith("C") and char not in "\t\n\r"):
            continue
        out.append(f" {char} " if 0x4E00 <= code <= 0x9FFF else " " if char.isspace() else char)
    text = "".join(c for c in unicodedata.normalize("NFD", "".join(out).lower()) if unicodedata.category(c) != "Mn")
    for word in text.split():
        part = ""
        for char in word:
            if unicodedata.category(char).startswith("P") or (ord(char) < 128 and not char.isalnum()):
                if part:
                    yield part
                yield char
                part = ""
            else:
                part += char
        if part:
            yield part


def pieces(text):
    ids = []
    for word in words(text):
        start, found = 0, []
        while start < len(word):
            end = len(word)
            while end > start and ("##" if start else "") + word[start:end] not in VOCAB:
                end -= 1
            if end == start:
                found = [VOCAB["[UNK]"]]
                break
            found.append(VOCAB[("##" if start else "") + word[start:end]])
            start = end
        ids += found
    return ids


def single(text):
    return [VOCAB["[CLS]"]] + pieces(text)[:LIMIT - 2] + [VOCAB["[SEP]"]]


def pair(a, b):
    a, b = pieces(a), pieces(b)
    while len(a) + len(b) > LIMIT - 3:  # longest first
        (a if len(a) > len(b) else b).pop()
    return [VOCAB["[CLS]"]] + a + [VOCAB["[SEP]"]] + b + [VOCAB["[SEP]"]], [0] * (len(a) + 2) + [1] * (len(b) + 1)


def write_json(path, value):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as out:
        json.dump(value, out, ensure_ascii=False, separators=(",", ":"))
        out.write("\n")


def write_tokenizer(folder, side="right"):
    token = lambda name, kind: {"SpecialToken": {"id": name, "type_id": kind}}
    part = lambda name, kind: {"Sequence": {"id": name, "type_id": kind}}
    write_json(folder + "/tokenizer.json", {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [{"id": VOCAB[t], "content": t, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True} for t in SPECIAL],
        "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None, "lowercase": True},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": "TemplateProcessing", "single": [token("[CLS]", 0), part("A", 0), token("[SEP]", 0)],
                           "pair": [token("[CLS]", 0), part("A", 0), token("[SEP]", 0), part("B", 1), token("[SEP]", 1)],
                           "special_tokens": {t: {"id": t, "ids": [VOCAB[t]], "tokens": [t]} for t in ("[CLS]", "[SEP]")}},
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100, "vocab": VOCAB}})
    write_json(folder + "/tokenizer_config.json", {"tokenizer_class": "BertTokenizer", "model_max_length": LIMIT, "pad_token": "[PAD]", "padding_side": side})


class Graph:
    def __init__(self):
        self.nodes, self.constants = [], []

    def __call__(self, kind, *inputs, outputs=1, **attributes):
        names = [f"{kind.lower()}_{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, [self.value(i) for i in inputs], names, **attributes))
        return names[0] if outputs == 1 else names

    def value(self, v):
        if isinstance(v, str):
            return v
        array = np.asarray(v)
        self.constants.append(numpy_helper.from_array(array.astype(np.int64) if array.dtype.kind in "iu" and array.dtype != np.int8 else array, f"c{len(self.constants)}"))
        return self.constants[-1].name

    def save(self, path, inputs, outputs):
        """Inputs are names of int64 [batch, tokens], or (name, type, shape); outputs have (value, shape) or (value, shape, type)."""
        for name, (value, *_) in outputs.items():
            self.nodes.append(helper.make_node("Identity", [value], [name]))
        takes = [helper.make_tensor_value_info(*((i, INT64, ["batch", "tokens"]) if isinstance(i, str) else i)) for i in inputs]
        gives = [helper.make_tensor_value_info(n, kind[0] if kind else FLOAT, shape) for n, (_, shape, *kind) in outputs.items()]
        graph = helper.make_graph(self.nodes, "tiny", takes, gives, self.constants)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def weights(*shape):
    return (rng.standard_normal(shape) / np.sqrt(shape[-1])).astype(np.float32)


TABLE, TYPES, QKV, OUTPUT = weights(len(VOCAB), WIDTH), weights(2, WIDTH), weights(WIDTH, 3 * WIDTH), weights(WIDTH, WIDTH)


def encoder(g, types=True):
    """Embedding and one attention layer with a residual."""
    x = g("Gather", TABLE, "input_ids")
    if types:
        x = g("Add", x, g("Gather", TYPES, "token_type_ids"))
    q, k, v = g("Split", g("MatMul", x, QKV), np.array([WIDTH] * 3), outputs=3, axis=2)
    scores = g("Mul", g("MatMul", q, g("Transpose", k, perm=[0, 2, 1])), np.float32(1 / np.sqrt(WIDTH)))
    hidden = g("Mul", g("Sub", np.float32(1), g("Cast", g("Unsqueeze", "attention_mask", np.array([1])), to=FLOAT)), np.float32(-1e9))
    attended = g("MatMul", g("Softmax", g("Add", scores, hidden), axis=-1), v)
    return g("Add", x, g("MatMul", attended, OUTPUT))


def hidden_of(ids, types=None):
    """The same in PyTorch, one text, no padding."""
    t = torch.from_numpy
    x = t(TABLE)[ids] + (t(TYPES)[types] if types is not None else 0)
    q, k, v = (x @ t(QKV)).split(WIDTH, dim=1)
    return x + torch.softmax(q @ k.T / WIDTH ** 0.5, -1) @ v @ t(OUTPUT)


def unit(vector):
    return (vector / vector.norm()).tolist()


def expect(folder, vector_of, prompt=""):
    write_json(folder + "/expected.json", [{"text": t, "ids": single(prompt + t), "vector": unit(vector_of(single(prompt + t)))} for t in TEXTS])


def config(folder, manifold={}, **extra):
    """These models mean nothing, so they claim no language that the self-test asks in."""
    write_json(folder + "/config.json", {"architectures": ["TinyModel"], "model_type": "tiny", "hidden_size": WIDTH, "vocab_size": len(VOCAB), "max_position_embeddings": LIMIT, "type_vocab_size": 2, **extra, "manifold": {"languages": ["la"], **manifold}})


def modules(folder, *parts):
    write_json(folder + "/modules.json", [{"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"} for i, (kind, path) in enumerate(parts)])


def old_pooling(folder, mode):
    modes = ["cls_token", "mean_tokens", "max_tokens", "mean_sqrt_len_tokens", "weightedmean_tokens", "lasttoken"]
    write_json(folder + "/1_Pooling/config.json", {"word_embedding_dimension": WIDTH, **{f"pooling_mode_{m}": m == mode for m in modes}})


zeros = lambda ids: [0] * len(ids)
BERT = [("input_ids"), ("attention_mask"), ("token_type_ids")]
