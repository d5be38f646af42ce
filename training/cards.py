"""Writes the README card of every model folder from cards/*.md. usage: cards.py <models folder>"""
import os, sys

models, here = sys.argv[1], os.path.dirname(os.path.abspath(__file__))
CARDS = {"manifold-static-256": "static", "manifold-static-128": "static", "manifold-late-interaction": "rerank", "manifold-rerank": "rerank", "manifold-context-384": "context"}
read = lambda name: open(os.path.join(here, "cards", name), encoding="utf-8").read()
for model, card in CARDS.items():
    folder = os.path.join(models, model)
    if os.path.isdir(folder):
        head = "---\nlanguage: [zh, en]\nlicense: cc-by-sa-4.0\nlibrary_name: onnx\n---\n\n"
        results = read("results.md") + "\n" if os.path.exists(os.path.join(here, "cards", "results.md")) else ""
        with open(folder + "/README.md", "w", encoding="utf-8") as out:
            out.write(head + read(card + ".md") + "\n" + results + read("data.md") + "\n## Training\n\nThe commands, settings and log stand in `training/README.md` of the project.\n")
