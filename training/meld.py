"""A table that knows what two tables know: their vectors at unit length beside each other, the 256 directions that hold most of them, turned to lie as near as can be to the first table
(whose first numbers stand on their own), at its lengths. usage: meld.py <work folder> <out.npy> <static table.npy> <encoder>, of <encoder>-table0.npy and -table1.npy"""
import sys
import numpy as np


def unit(rows):
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


def main(work, out, static, encoder):
    table = np.load(f"{work}/{static}")
    other = np.concatenate([np.load(f"{work}/{encoder}-table{half}.npy") for half in (0, 1)]).astype(np.float32)
    often = np.bincount(np.load(work + "/pairs.npz")["ids"], minlength=len(table))
    matter = np.sqrt(np.minimum(often, 2000) + 1)[:, None]
    both = np.concatenate([unit(table), unit(other)], 1)
    held, directions = np.linalg.eigh(((both * matter).T @ (both * matter)).astype(np.float64))
    width = table.shape[1]
    kept = unit(both @ directions[:, ::-1][:, :width])
    left, _, right = np.linalg.svd((kept * matter).T @ (unit(table) * matter))
    np.save(f"{work}/{out}", (kept @ (left @ right) * np.linalg.norm(table, axis=1, keepdims=True)).astype(np.float32))
    print(f"{held[-width:].sum() / held.sum():.3f} of both kept")


if __name__ == "__main__":
    main(*sys.argv[1:])
