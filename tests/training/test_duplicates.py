import cv2
import numpy as np

from training.datasets.duplicates import merge_groups, near_pairs, perceptual_hash


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


def test_groups_that_share_a_duplicate_become_one():
    merged = merge_groups(["a", "a", "b", "c"], np.array([[1, 2]]))
    assert merged[0] == merged[1] == merged[2] != merged[3]


def test_the_known_duplicates_of_the_real_set_are_found(data_dir):
    from training.datasets.index import read_index
    from training.datasets.pictures import read_hashes

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
