"""
Taking a melody apart into its notes
====================================

The spectrogram of a melody, magnitudes of frequencies over time, is nearly a sum of few things: each note has a
spectrum, and a loudness that comes and goes. Factorised, X ~ C D, spectra are the rows of D and loudnesses the codes C.
Nobody says which notes there are, or when they are played.
"""

# %%
# A melody
# --------
# It is made up, so that the truth is known: seven notes, the sound of each alone, and when it is played. Frames of the
# spectrogram are the samples.

import numpy as np
from matplotlib import pyplot as plt
from scipy.optimize import linear_sum_assignment
from scipy.signal import ShortTimeFFT
from scipy.signal.windows import hann

from laconic import SparseNMF
from laconic.datasets import make_melody

melody = make_melody(random_state=0)
n = len(melody.sound)
window = ShortTimeFFT(hann(1024, sym=False), hop=256, fs=melody.rate)
spectrogram = window.stft(melody.sound)  # (frequencies, frames), complex
X = np.abs(spectrogram).T
print(f"{n / melody.rate:.0f} s, {len(melody.played)} notes played, {X.shape[0]} frames of {X.shape[1]} frequencies")

# %%
# Seven parts
# -----------
# At a time few notes sound, so that codes are sparse.

model = SparseNMF(len(melody.notes), random_state=0)
loudness = model.fit_transform(X)
print(f"relative error {model.relative_error_:.3f}, {model.density_:.0%} of the codes above zero")

# %%
# The sound of each part
# ----------------------
# A part's share in each entry of the spectrogram is a mask; what it lets through is turned into a sound again. By these
# sounds parts are matched with the notes, from the lowest to the highest.

shares = loudness.T[:, np.newaxis, :] * model.components_[:, :, np.newaxis]  # (parts, frequencies, frames)
shares /= np.maximum(shares.sum(axis=0), np.finfo(float).tiny)
separated = np.stack([window.istft(share * spectrogram, k1=n) for share in shares])

alike = np.corrcoef(melody.sources, separated)[: len(melody.notes), len(melody.notes) :]
_, part = linear_sum_assignment(-alike)
for note, frequency in enumerate(melody.notes):
    print(f"{frequency:6.1f} Hz: part {part[note]}, correlation with the note alone {alike[note, part[note]]:.3f}")

# %%
# To listen, write them to files: ``scipy.io.wavfile.write("note.wav", melody.rate, separated[0])``.
#
# Parts are spectra
# -----------------
# Each has the note's frequency, dotted, and its harmonics.

figure, axes = plt.subplots(len(part), 1, figsize=(8, 6), sharex=True, layout="constrained")
for ax, i, frequency in zip(axes, part, melody.notes, strict=True):
    ax.axvline(frequency, color="0.5", linestyle=":")
    ax.plot(window.f, model.components_[i], color="C0")
    ax.set(yticks=[], xlim=(0, 3000))
    ax.set_ylabel(f"{frequency:.0f} Hz", rotation=0, ha="right", va="center")
axes[-1].set_xlabel("frequency in Hz")
plt.show()

# %%
# Codes are a piano roll
# ----------------------
# Below them what was played: from where to where, at which note.

times = window.t(n)
inside = (times >= 0) & (times <= n / melody.rate)
roll = loudness[inside][:, part].T

figure, (above, below) = plt.subplots(2, 1, figsize=(8, 5), sharex=True, layout="constrained")
extent = (times[inside][0], times[inside][-1], -0.5, len(part) - 0.5)
above.imshow(np.sqrt(roll), origin="lower", aspect="auto", cmap="Blues", extent=extent, interpolation="nearest")
above.set(title="codes, as square roots")
note, start, length = melody.played.T
below.barh(note, length, left=start, height=0.8, color="C1")
below.set(title="played", xlabel="time in s", ylim=extent[2:])
for ax in (above, below):
    ax.set_yticks(range(len(part)), [f"{frequency:.0f} Hz" for frequency in melody.notes])
plt.show()
