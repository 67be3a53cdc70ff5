/// The formats that checkpoints come in.
public enum CheckpointFormat: String, Sendable, CaseIterable {
  case torch
  case safetensors
  case safetensorsIndex
  case hdf5
  case hdf5Shards
  case hdf5Folder
  case keras
  case numpy
  case ggml

  /// As people call it.
  public var name: String {
    switch self {
    case .torch: "PyTorch (.pt, .pth)"
    case .safetensors: "safetensors"
    case .safetensorsIndex: "safetensors in shards (.index.json)"
    case .hdf5: "HDF5"
    case .hdf5Shards: "Keras weights in shards (.weights.json)"
    case .hdf5Folder: "Keras weights in a folder (.weights.h5)"
    case .keras: "a Keras archive (.keras)"
    case .numpy: "NumPy (.npz)"
    case .ggml: "sam3.cpp (.ggml)"
    }
  }

  static var supportedList: String {
    allCases.map(\.name).joined(separator: ", ")
  }
}
