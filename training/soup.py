"""The mean of several tables trained from one start: their errors differ, what they learned does not. usage: soup.py <work folder> <out.npy> <table.npy>..."""
import sys
import numpy as np

work, out, *tables = sys.argv[1:]
np.save(f"{work}/{out}", np.mean([np.load(f"{work}/{table}") for table in tables], 0))
