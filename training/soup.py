"""The mean of several tables, or of several stretches, trained from one start: their errors differ, what they learned does not. usage: soup.py <work folder> <out> <in>... (.npy or .pt)"""
import sys
import numpy as np, torch

work, out, *files = sys.argv[1:]
if out.endswith(".pt"):
    states = [torch.load(f"{work}/{file}") for file in files]
    torch.save({key: sum(state[key] for state in states) / len(states) for key in states[0]}, f"{work}/{out}")
else:
    np.save(f"{work}/{out}", np.mean([np.load(f"{work}/{file}") for file in files], 0))
