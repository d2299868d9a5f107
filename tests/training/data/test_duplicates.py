import cv2
import numpy as np
import pytest

from training.data import duplicates
from training.data.duplicates import merge_groups, near_groups, near_pairs, perceptual_hash


def noise_picture(seed: int) -> np.ndarray:
    coarse = np.random.default_rng(seed).integers(0, 255, (14, 14, 3), dtype=np.uint8)
    return cv2.resize(coarse, (224, 224), interpolation=cv2.INTER_CUBIC)


def test_a_recompressed_picture_is_a_near_duplicate_and_another_is_not():
    first, other = noise_picture(1), noise_picture(2)
    _, jpeg = cv2.imencode(".jpg", first, [cv2.IMWRITE_JPEG_QUALITY, 70])
    again = cv2.imdecode(jpeg, cv2.IMREAD_COLOR)
    hashes = np.stack([perceptual_hash(picture) for picture in (first, other, again)])
    assert [(a, b) for a, b, _ in near_pairs(hashes).tolist()] == [(0, 2)]


def test_near_pairs_agree_with_counting_bits_one_by_one():
    hashes = np.random.default_rng(0).random((600, 256)) < 0.5
    hashes[550] = hashes[3]
    hashes[550, :20] ^= True
    expected = [
        (a, b, int((hashes[a] != hashes[b]).sum()))
        for a in range(600)
        for b in range(a + 1, 600)
        if (hashes[a] != hashes[b]).sum() <= 100
    ]
    assert [tuple(row) for row in sorted(near_pairs(hashes, max_bits=100).tolist())] == expected
    assert (3, 550, 20) in expected


def planted(n: int, n_pairs: int) -> np.ndarray:
    """Random hashes, of which the last ones are earlier ones with up to 26 bits turned."""
    rng = np.random.default_rng(7)
    hashes = rng.random((n, 256)) < 0.5
    for number in range(n_pairs):
        hashes[n - 1 - number] = hashes[number]
        hashes[n - 1 - number, rng.choice(256, size=number % 27, replace=False)] ^= True
    return hashes


def test_many_pictures_are_compared_by_parts_and_the_pairs_are_those_of_all_with_all(monkeypatch):
    hashes = planted(3000, 100)
    monkeypatch.setattr(duplicates, "_near_among_all", lambda *_: pytest.fail("all with all"))
    by_parts = near_pairs(hashes)
    monkeypatch.undo()
    monkeypatch.setattr(duplicates, "_FEW", len(hashes))
    assert by_parts.tolist() == near_pairs(hashes).tolist()
    assert by_parts.tolist() == [[n, 2999 - n, n % 27] for n in range(100)]


def test_hashes_that_are_much_alike_are_compared_all_with_all_or_by_parts_alike():
    rng = np.random.default_rng(1)
    hashes = np.repeat(rng.random((21, 256)) < 0.5, 100, axis=0) ^ (rng.random((2100, 256)) < 0.04)
    expected = [
        (first, first + 1 + int(other))
        for first in range(len(hashes))
        for other in np.nonzero((hashes[first] ^ hashes[first + 1 :]).sum(1) <= 26)[0]
    ]
    assert [(a, b) for a, b, _ in near_pairs(hashes).tolist()] == expected


def test_thousands_of_one_picture_are_one_group_beside_the_others():
    hashes = planted(3000, 3)
    hashes = np.concatenate([hashes, np.repeat(hashes[:1], 20_000, axis=0)])
    assert near_groups(hashes) == (
        (0, 2999, *range(3000, 23_000)),
        (1, 2998),
        (2, 2997),
    )
    assert near_groups(hashes[:0]) == ()


def test_groups_that_share_a_duplicate_become_one():
    merged = merge_groups(["a", "a", "b", "c"], np.array([[1, 2]]))
    assert merged[0] == merged[1] == merged[2] != merged[3]


def test_the_known_duplicates_of_the_real_set_are_found(data_dir):
    from training.data.index import read_index
    from training.data.pictures import read_hashes

    records = [
        record
        for record in read_index(data_dir / "index.csv").records
        if record.dataset == "taleghani_all" and record.label == "Pro"
    ]
    exact = {}
    for number, record in enumerate(records):
        exact.setdefault(record.sha256, []).append(number)
    pairs = {tuple(numbers) for numbers in exact.values() if len(numbers) == 2}
    found = {(a, b) for a, b, _ in near_pairs(read_hashes(records)).tolist()}
    assert len(pairs) >= 20
    assert pairs <= found
