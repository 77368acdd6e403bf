"""Writes the files of this folder. Wants NumPy 2."""
import io, json, struct
import numpy as np

hard = np.array([0.0, -0.0, 1.0, -1.5, np.inf, -np.inf, np.nan, 5e-324, -2.2250738585072014e-308, 1.7976931348623157e308, 0.1, 1e16])
np.save("hard_f64.npy", hard)
with np.errstate(over="ignore", under="ignore"):
    np.save("hard_f32.npy", hard.astype(np.float32))
    np.save("half_big.npy", np.array([0.0, -0.0, 1.5, 65504.0, 6e-8, np.inf, -np.inf, np.nan]).astype(">f2"))
np.save("scalar.npy", np.array(2.5))
np.save("empty.npy", np.zeros((2, 0, 3)))
np.save("cube_f64_big.npy", np.arange(24.0).reshape(2, 3, 4).astype(">f8"))
np.save("cube_f32_fortran.npy", np.asfortranarray(np.arange(24, dtype="<f4").reshape(2, 3, 4)))
np.save("cube_i4_big_fortran.npy", np.asfortranarray(np.arange(24, dtype=">i4").reshape(2, 3, 4)))
for code in "i8 i4 i2 i1 u8 u4 u2 u1".split():
    info = np.iinfo(code)
    top = min(info.max, 2**63 - 1)
    for order, name in ("<", "little"), (">", "big"):
        np.save(f"{code}_{name}.npy", np.array([info.min, top, 0, 1, 100], dtype=order + code))
np.save("bool.npy", np.array([[True, False, True], [False, False, True]]))
for version in (2, 0), (3, 0):
    with open(f"version{version[0]}.npy", "wb") as f:
        np.lib.format.write_array(f, np.array([[1.0, 2.0]]), version=version)
np.save("text.npy", np.array(["a", "bc"]))
np.save("complex.npy", np.array([1j]))
np.save("record.npy", np.array([(1, 2.0)], dtype=[("a", "<i4"), ("b", "<f8")]))
np.save("u8_too_large.npy", np.array([1, 2**63], dtype="<u8"))

np.savez("plain.npz", a=hard, b=np.array([[1, 2], [3, 4]]), **{"nested/name": np.array([True, False])})
np.savez_compressed("compressed.npz", zeros=np.zeros((40, 50), dtype="<f4"), arr=np.arange(5))

def safetensors(name, tensors, metadata):
    """As the reference describes the format, with a header in another order and spacing than ours."""
    header, data = {}, b""
    for key, (dtype, array) in tensors.items():
        raw = array.tobytes()
        header[key] = {"data_offsets": [len(data), len(data) + len(raw)], "shape": list(array.shape), "dtype": dtype}
        data += raw
    header["__metadata__"] = metadata
    text = json.dumps(header, indent=1).encode()
    open(name, "wb").write(struct.pack("<Q", len(text)) + text + data)

bf16 = (np.array([1.0, -2.5, np.inf, 3.140625], dtype="<f4").view("<u4") >> 16).astype("<u2")
safetensors("mixed.safetensors", {
    "mask": ("BOOL", np.array([True, False, True])),
    "hard": ("F64", hard),
    "bf16": ("BF16", bf16),
    "half": ("F16", np.array([[1.5, -0.0]], dtype="<f2")),
    "bytes": ("U8", np.array([[0, 255]], dtype="u1")),
    "ints": ("I32", np.array([-2**31, 2**31 - 1], dtype="<i4")),
    "scalar": ("I64", np.array(-7)),
    "empty": ("F32", np.zeros((0, 4), dtype="<f4")),
}, {"author": "Bayes \u00e9\U0001f600 \"quoted\"\n"})


def displayed():
    """What NumPy prints: type, shape, the bits of the elements, the text."""
    rng = np.random.default_rng(0)
    special = [0.0, -0.0, 1e-4, 9.9999e-5, 1e6, 999999.0, 1e8, 99999999.5, 1000, 0.1, 1, 1001, 1e16, 2701701.25, np.nan, np.inf, -np.inf]
    arrays = [np.array(True), np.array([True]), np.array([[False, False]]), np.arange(-3, 4), np.array([-2**63, 2**63 - 1])]
    for dtype in (np.float64, np.float32):
        arrays += [np.array(v, dtype=dtype) for v in special]
        for scale in (1e-9, 1e-4, 1.0, 1e3, 1e6, 1e9):
            arrays.append((rng.normal(size=(2, 4)) * scale).astype(dtype))
            arrays.append(np.round(rng.normal(size=5) * scale, 2).astype(dtype))
        for _ in range(8):
            arrays.append(rng.choice(special, size=(2, 1, 3)).astype(dtype))
        with np.errstate(over="ignore", under="ignore"):
            arrays.append((rng.normal(size=4) * 10.0 ** rng.integers(-300, 300, size=4)).astype(dtype))
            arrays.append((rng.normal(size=4) * 10.0 ** rng.integers(-30, 30, size=4)).astype(dtype))
        arrays.append(np.linspace(0, 1, 1001).astype(dtype))
    names = {"float64": "f64", "float32": "f32", "int64": "i64", "bool": "bool"}
    for x in arrays:
        bits = np.ravel(x).view(f"u{x.itemsize}")
        yield {"dtype": names[x.dtype.name], "shape": x.shape, "bits": [hex(v)[2:] for v in bits], "text": str(x[()])}

with open("display.json", "w") as f:
    f.write("[\n" + ",\n".join(json.dumps(case) for case in displayed()) + "\n]\n")
