// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Torch tensors go over the bridge (fts/capi/torch.h), so that a parameter
// keeps its identity; any other object with __dlpack__ goes the stable way.
#include "fts/capi/tensor.h"

#include <ATen/dlpack.h>
#include <pybind11/numpy.h>
#include <torch/csrc/autograd/python_variable.h>
#include <torch/headeronly/version.h>

#include "bindings/python/src/nouns.h"
#include "fts/capi/torch.h"

namespace fts_python {
namespace {

#define FTS_STRING_OF(x) #x
#define FTS_STRING(x) FTS_STRING_OF(x)
constexpr char kTag[] =
    TORCH_VERSION "/cxx11abi=" FTS_STRING(_GLIBCXX_USE_CXX11_ABI);
constexpr fts_string kTagView = {kTag, sizeof(kTag) - 1};
constexpr char kCapsule[] = "dltensor_versioned";

[[noreturn]] void NotATensor(py::handle object) {
  throw py::type_error("a torch.Tensor is needed; got " +
                       py::repr(py::type::of(object)).cast<std::string>());
}

}  // namespace

std::vector<const void*> AtAddresses(const py::sequence& tensors) {
  std::vector<const void*> out;
  out.reserve(tensors.size());
  PyObject* fast =
      PySequence_Fast(tensors.ptr(), "a list of tensors is needed");
  if (fast == nullptr) throw py::error_already_set();
  const auto owner = py::reinterpret_steal<py::object>(fast);
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(fast); ++i) {
    PyObject* item = PySequence_Fast_GET_ITEM(fast, i);
    if (!THPVariable_Check(item)) NotATensor(item);
    out.push_back(&THPVariable_Unpack(item));
  }
  return out;
}

const void* AtAddress(py::handle tensor) {
  if (!THPVariable_Check(tensor.ptr())) NotATensor(tensor);
  return &THPVariable_Unpack(tensor.ptr());
}

fts_string TorchTag() { return kTagView; }

Tensor FromTorch(py::handle object) {
  Tensor out;
  if (THPVariable_Check(object.ptr())) {
    Check(fts_tensor_from_at(&THPVariable_Unpack(object.ptr()), kTagView,
                             out.out()));
    return out;
  }
  if (!py::hasattr(object, "__dlpack__")) NotATensor(object);
  const py::object capsule =
      object.attr("__dlpack__")(py::arg("max_version") = py::make_tuple(1, 0));
  if (PyCapsule_IsValid(capsule.ptr(), kCapsule) == 0) {
    throw py::type_error(
        "__dlpack__ gave a tensor of DLPack before version 1; update the "
        "library that made it, or pass torch.from_dlpack(tensor)");
  }
  auto* managed = static_cast<DLManagedTensorVersioned*>(
      PyCapsule_GetPointer(capsule.ptr(), kCapsule));
  Check(fts_tensor_from_dlpack(managed, out.out()));
  PyCapsule_SetName(capsule.ptr(), "used_dltensor_versioned");
  return out;
}

py::object ToTorch(const Tensor& tensor) {
  at::Tensor out;
  Check(fts_tensor_to_at(tensor.get(), kTagView, &out));
  return py::reinterpret_steal<py::object>(THPVariable_Wrap(out));
}

void BindTensor(py::module_& m) {
  m.attr("TORCH_TAG") = kTag;
  m.def(
      "torch_tag", [] { return Text(fts_torch_tag()); },
      "The LibTorch that the library was built for.");
  py::class_<Tensor>(m, "Tensor", "A tensor of the C interface.")
      .def(py::init([](const py::object& tensor) { return FromTorch(tensor); }),
           py::arg("tensor"))
      .def(
          "torch", [](const Tensor& t) { return ToTorch(t); },
          "The same tensor for torch; for one that came from torch, the same "
          "object.")
      .def(
          "info",
          [](const Tensor& t) {
            fts_tensor_info info;
            Check(fts_tensor_get_info(t.get(), &info));
            py::tuple shape(info.rank);
            for (size_t i = 0; i < info.rank; ++i) shape[i] = info.shape[i];
            return py::make_tuple(
                shape,
                py::make_tuple(info.dtype.code, info.dtype.bits,
                               info.dtype.lanes),
                py::make_tuple(info.device.type, info.device.id),
                info.requires_grad != 0);
          },
          "(shape, (code, bits, lanes), (device type, id), requires_grad).")
      .def(
          "__dlpack__",
          [](const Tensor& t, const py::object&, const py::object&,
             const py::object&, const py::object&) {
            DLManagedTensorVersioned* managed = nullptr;
            Check(fts_tensor_to_dlpack(t.get(), &managed));
            return py::reinterpret_steal<py::object>(
                PyCapsule_New(managed, kCapsule, [](PyObject* capsule) {
                  if (PyCapsule_IsValid(capsule, kCapsule) == 0) return;
                  auto* left = static_cast<DLManagedTensorVersioned*>(
                      PyCapsule_GetPointer(capsule, kCapsule));
                  left->deleter(left);
                }));
          },
          py::kw_only(), py::arg("stream") = py::none(),
          py::arg("max_version") = py::none(),
          py::arg("dl_device") = py::none(), py::arg("copy") = py::none())
      .def("__dlpack_device__",
           [](const Tensor& t) {
             fts_tensor_info info;
             Check(fts_tensor_get_info(t.get(), &info));
             return py::make_tuple(info.device.type, info.device.id);
           })
      .def(
          "to_bytes",
          [](const Tensor& t) {
            fts_tensor_info info;
            Check(fts_tensor_get_info(t.get(), &info));
            std::string bytes(info.num_elements * info.dtype.bits / 8, '\0');
            Check(fts_tensor_read(t.get(), bytes.data(), bytes.size()));
            return py::bytes(bytes);
          },
          "Its elements, row-major.")
      .def("from_bytes", [](const Tensor& t, const py::bytes& bytes) {
        const std::string data = bytes;
        Check(fts_tensor_write(t.get(), data.data(), data.size()));
      });
  m.def(
      "tensor_over",
      [](const py::buffer& buffer) {
        // Shares the buffer's memory and keeps it alive.
        const py::buffer_info info = buffer.request(/*writable=*/true);
        if (info.format != py::format_descriptor<float>::format()) {
          throw py::type_error("the buffer must hold float32; its format is '" +
                               info.format + "'");
        }
        std::vector<int64_t> shape(info.shape.begin(), info.shape.end());
        auto* owner = new py::object(buffer);
        Tensor out;
        Check(fts_tensor_from_host(
            info.ptr, shape.data(), shape.size(), FTS_DTYPE_FLOAT32,
            [](void* data) {
              if (Py_IsInitialized() == 0) return;
              const py::gil_scoped_acquire gil;
              delete static_cast<py::object*>(data);
            },
            owner, out.out()));
        return out;
      },
      py::arg("buffer"), "A Tensor over a C-contiguous float32 buffer.");
}

}  // namespace fts_python
