"""The names that a checkpoint may ask for: kinds of plain data, which are written down and never called.

What stands beside weights belongs to the training that wrote them: its options, paths, counters, moments and
random numbers. All of them are values, and reading them as records runs nothing. Whatever can do something is
not here.
"""

from __future__ import annotations

PERSISTENT = "torch_utils.persistence._reconstruct_persistent_obj"
TENSORS = ("torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2")
PARAMETERS = ("torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state")
STORAGE = "torch.storage._load_from_bytes"
NUMPY_SCALARS = ("numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar")
NUMPY_DTYPE = "numpy.dtype"
NUMPY_ARRAYS = ("numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct")
NUMPY_BUFFERS = ("numpy.core.numeric._frombuffer", "numpy._core.numeric._frombuffer")

STORAGE_TYPES = (
    "Float", "Double", "Half", "BFloat16", "Long", "Int", "Short", "Char", "Byte", "Bool",
    "ComplexFloat", "ComplexDouble", "QUInt8", "QInt8", "QInt32",
)  # fmt: skip
"""What storages of torch are named after, without "Storage"."""

_DATA = {
    "argparse": "Namespace",
    "builtins": "Ellipsis bool bytearray complex dict float int list object range slice str tuple type",
    "collections": "ChainMap UserDict UserList deque",
    "datetime": "date datetime time timedelta timezone",
    "decimal": "Decimal",
    "fractions": "Fraction",
    "numpy": "ndarray matrix bool bool_ bytes_ str_ float16 float32 float64 longdouble int8 int16 int32 "
    "int64 uint8 uint16 uint32 uint64 complex64 complex128 datetime64 timedelta64",
    "numpy.ma": "MaskedArray",
    "numpy.ma.core": "MaskedArray _mareconstruct",
    "numpy.random._mt19937": "MT19937",
    "numpy.random._pcg64": "PCG64",
    "numpy.random._pickle": "__bit_generator_ctor __generator_ctor __randomstate_ctor",
    "numpy.random.bit_generator": "SeedSequence __pyx_unpickle_SeedSequence",
    "omegaconf.base": "ContainerMetadata Metadata",
    "omegaconf.dictconfig": "DictConfig",
    "omegaconf.listconfig": "ListConfig",
    "omegaconf.nodes": "AnyNode BooleanNode FloatNode IntegerNode StringNode",
    "pathlib": "Path PosixPath PurePath PurePosixPath PureWindowsPath WindowsPath",
    "pathlib._local": "Path PosixPath PurePath PurePosixPath PureWindowsPath WindowsPath",
    "torch": "Size Tensor device dtype memory_format strided sparse_coo sparse_csr contiguous_format "
    "channels_last preserve_format per_tensor_affine per_channel_affine half float double float16 "
    "float32 float64 bfloat16 float8_e4m3fn float8_e5m2 int8 int16 int32 int64 uint8 uint16 "
    "uint32 uint64 bool complex32 complex64 complex128 quint8 qint8 qint32",
    "torch._tensor": "_rebuild_from_type_v2",
    "torch._utils": "_rebuild_meta_tensor_no_storage _rebuild_qtensor _rebuild_sparse_csr_tensor "
    "_rebuild_sparse_tensor _rebuild_tensor_v3 torch.channels_last torch.contiguous_format "
    "torch.preserve_format",
    "torch.nn.parameter": "Parameter",
    "torch.serialization": "_get_layout",
    "torch.storage": "TypedStorage UntypedStorage",
    "types": "SimpleNamespace",
    "typing": "Any",
    "uuid": "UUID",
}
RECORDED = frozenset(
    (
        PERSISTENT,
        *TENSORS,
        *PARAMETERS,
        STORAGE,
        *NUMPY_SCALARS,
        NUMPY_DTYPE,
        *NUMPY_ARRAYS,
        *NUMPY_BUFFERS,
        *(f"torch.{kind}Storage" for kind in STORAGE_TYPES),
        *(f"{module}.{name}" for module, names in _DATA.items() for name in names.split()),
    )
)
"""Dotted names, as Python 3 has them."""

DICTIONARIES = (
    "collections.Counter",
    "collections.OrderedDict",
    "dnnlib.util.EasyDict",
    "addict.addict.Dict",
    "easydict.EasyDict",
    "lightning.fabric.utilities.data.AttributeDict",
    "lightning.pytorch.utilities.parsing.AttributeDict",
    "lightning_fabric.utilities.data.AttributeDict",
    "ml_collections.config_dict.config_dict.ConfigDict",
    "mmengine.config.config.ConfigDict",
    "munch.Munch",
    "pytorch_lightning.utilities.parsing.AttributeDict",
    "yacs.config.CfgNode",
)
"""Kinds of dictionaries; a plain one stands in for each."""

_OLD_MODULES = {"__builtin__": "builtins", "copy_reg": "copyreg", "UserDict": "collections"}
_OLD_NAMES = {
    "builtins.xrange": "builtins.range",
    "builtins.unicode": "builtins.str",
    "builtins.long": "builtins.int",
    "collections.IterableUserDict": "collections.UserDict",
}


def python3_name(module: str, name: str) -> str:
    """The dotted name in Python 3; pickles of protocols 0 to 2 have those of Python 2."""
    full_name = f"{_OLD_MODULES.get(module, module)}.{name}"
    return _OLD_NAMES.get(full_name, full_name)
