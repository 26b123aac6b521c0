"""
Topics of scikit-learn's own documentation
==========================================

Words that come together make a topic, and a text is about few topics: X ~ C D, where a row of D weighs the words of a
topic and a row of C the topics of a text. The texts here are real ones that need no download, the docstrings of
scikit-learn's estimators and functions.
"""

# %%
# Texts, as a sparse matrix
# -------------------------
# Words that any docstring has, such as "default" and "ndarray", say nothing of what it is about.

import inspect
import re

import numpy as np
from matplotlib import pyplot as plt
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, TfidfVectorizer
from sklearn.utils.discovery import all_estimators, all_functions

from laconic import SparseNMF

EVERYWHERE = """
    array arrays bool boolean call callable class default deprecated dict dtype example examples false fit float input
    instance int integer like list matrix method methods model ndarray new none notes number object optional output
    parameter parameters param pass passed read ref return returned returns run sample samples see set shape sklearn
    scikit learn str string true tuple type use used user using value values version versionadded versionchanged guide
    estimator estimators function given feature features controls means int32 int64 warning seen names defined data
"""


def text_of(thing):
    """Return a docstring without its examples and references."""
    return re.split(r"\n(?:Examples|References)\n-", inspect.getdoc(thing) or "")[0]


texts = {name: text_of(thing) for name, thing in [*all_estimators(), *all_functions()]}
names = np.array(list(texts))
vectorizer = TfidfVectorizer(
    stop_words=sorted(ENGLISH_STOP_WORDS.union(EVERYWHERE.split())),
    token_pattern=r"\b[a-z]{3,}\b",
    min_df=5,
    max_df=0.3,
    sublinear_tf=True,
)
X = vectorizer.fit_transform(texts.values())
words = vectorizer.get_feature_names_out()
print(f"{X.shape[0]} texts, {X.shape[1]} words, {X.nnz / X.shape[0]:.0f} of them in a text")

# %%
# Ten topics
# ----------
# A sparse matrix stays one. Features of the transformer are called after it, as scikit-learn's own are.

model = SparseNMF(10, random_state=0)
shares = model.fit_transform(X)
topics = model.get_feature_names_out()
print(f"{np.count_nonzero(shares, axis=1).mean():.1f} topics a text\n")
for topic, row in zip(topics, model.components_, strict=True):
    print(f"{topic}: {', '.join(words[np.argsort(row)[::-1][:7]])}")

# %%
# The words that weigh most in each:

figure, axes = plt.subplots(2, 5, figsize=(11, 5), layout="constrained")
for ax, topic, row in zip(axes.flat, topics, model.components_, strict=True):
    top = np.argsort(row)[-8:]
    ax.barh(range(8), row[top])
    ax.set_yticks(range(8), words[top], fontsize=8)
    ax.set_xticks([])
    ax.set_title(topic, fontsize=9)
plt.show()

# %%
# What is about which topic
# -------------------------
# The texts with the largest codes.

for i, topic in enumerate(topics):
    print(f"{topic}: {', '.join(names[np.argsort(shares[:, i])[::-1][:4]])}")

# %%
# Some texts are about one topic, others about several, and a few about none of the ten:

print(f"{np.count_nonzero(~shares.any(axis=1))} texts have codes of zero only")

shown = ["KMeans", "RandomForestClassifier", "Lasso", "GaussianProcessRegressor", "PCA", "StandardScaler"]
shown += ["fetch_openml", "roc_auc_score", "GridSearchCV", "LedoitWolf", "mean_squared_error", "TSNE"]
table = np.stack([shares[list(texts).index(name)] for name in shown])

figure, ax = plt.subplots(figsize=(7, 4.2), layout="constrained")
picture = ax.imshow(table, cmap="Blues", aspect="auto", vmin=0)
ax.set_yticks(range(len(shown)), shown)
ax.set_xticks(range(len(topics)), [words[row.argmax()] for row in model.components_], rotation=45, ha="right")
figure.colorbar(picture, label="code")
plt.show()

# %%
# A new sentence
# --------------

sentence = "Group similar points into clusters around centroids, by distances to the nearest neighbors."
code = model.transform(vectorizer.transform([sentence]))[0]
for i in np.argsort(code)[::-1]:
    if code[i] > 0:
        print(f"{code[i]:.2f} {topics[i]}: {', '.join(words[np.argsort(model.components_[i])[::-1][:4]])}")
