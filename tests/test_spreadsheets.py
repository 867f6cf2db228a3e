"""CSV for people: numbers are numbers, and text is no formula."""

import csv
import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastq.spreadsheets import as_csv, quoted
from fastq.text import printable

FORMULAS = ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "=cmd|' /C calc'!A0", "-", "+x", "\uff1d1"]
