#!/usr/bin/python3
"""Finds the length of the solar cycle in yearly sunspot numbers: the highest peak of the power spectrum.

Usage: analyse.py DATA.csv RESULT.json
"""

import csv
import json
import sys

import numpy as np

PADDING = 16    # zero padding: interpolates the spectrum, so that the peak does not fall between two frequencies


def read_series(path):
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    years = [int(row["year"]) for row in rows]
    if years != list(range(years[0], years[0] + len(years))):
        sys.exit(f"{path}: the years must follow each other without a gap.")
    return years, np.array([float(row["sunspots"]) for row in rows])


def dominant_period(values):
    """Years per cycle at the spectrum's maximum between 2 and 50 years."""
    n = len(values)
    window = np.hanning(n)
    power = np.abs(np.fft.rfft((values - values.mean()) * window, PADDING * n)) ** 2
    frequency = np.arange(len(power)) / (PADDING * n)
    searched = (frequency > 1 / 50) & (frequency < 1 / 2)
    peak = np.argmax(np.where(searched, power, 0))
    return 1 / frequency[peak], power[peak] / power[searched].sum()


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    years, values = read_series(sys.argv[1])
    period, share = dominant_period(values)
    result = {
        "first_year": years[0],
        "last_year": years[-1],
        "years": len(years),
        "mean": round(float(values.mean()), 3),
        "period_years": round(float(period), 3),
        "peak_share": round(float(share), 5),
    }
    with open(sys.argv[2], "w") as file:
        json.dump(result, file, indent=2)
        file.write("\n")
    print(f"The solar cycle of {years[0]}-{years[-1]} lasts {period:.2f} years.")


if __name__ == "__main__":
    main()
