import Bytes
import CLISupport
import Glibc
import JSON
import JobSupport
import Media

/// How well label pictures agree with the ground truth, object by object.
struct LabelScore {
  /// IoUs of one object, with a value for each frame in which it appears.
  struct Object {
    let identifier: Int
    var ious: [Double] = []

    var mean: Double { ious.reduce(0, +) / Double(max(ious.count, 1)) }
  }

  /// In ascending order of identifier.
  private(set) var objects: [Object] = []
  private(set) var frameCount = 0
  /// Files without a counterpart.
  private(set) var notices: [Notice] = []

  /// Compares two PNGs, or all PNGs in the folder `truth` with those of the same names in `masks`.
  /// - Throws: `score.kinds`, `score.no_frames`, `score.missing_frame`, `score.size`, and any error
  ///   from reading.
  init(masks: String, truth: String) throws(Failure) {
    guard let names = try LabelScore.pictureNames(truth) else {
      guard try LabelScore.pictureNames(masks) == nil else {
        throw Failure(
          .usage, code: "score.kinds", "\(masks) is a folder, \(truth) is a file",
          hint: "give two files or two folders")
      }
      try add(masks, truth)
      return
    }
    let others = Set(try LabelScore.pictureNames(masks) ?? []).subtracting(names)
    if !others.isEmpty {
      notices.append(
        Notice(
          .leftOut, code: "score.unpaired",
          "\(others.count) masks have no true picture and are not compared: "
            + PictureFolder.list(others.sorted()), file: masks))
    }
    for name in names {
      let found = "\(masks)/\(name)"
      guard access(found, F_OK) == 0 else {
        throw Failure(
          .missingInput, code: "score.missing_frame", "there is no such file to compare with",
          hint: "\(truth) has this frame", file: found)
      }
      try add(found, "\(truth)/\(name)")
    }
  }

  private mutating func add(_ found: String, _ truth: String) throws(Failure) {
    let (a, b) = (try LabelScore.labels(found), try LabelScore.labels(truth))
    guard a.width == b.width, a.height == b.height else {
      throw Failure(
        .badInput, code: "score.size",
        "the picture is \(a.width)x\(a.height), the true one \(b.width)x\(b.height)", file: found)
    }
    frameCount += 1
    // One pass over the pixels covers all objects.
    var (shared, inFound, inTruth) = (LabelScore.counters, LabelScore.counters, LabelScore.counters)
    for (x, y) in zip(a.labels, b.labels) {
      inFound[Int(x)] += 1
      inTruth[Int(y)] += 1
      if x == y { shared[Int(x)] += 1 }
    }
    for identifier in 1..<shared.count {
      let union = inFound[identifier] + inTruth[identifier] - shared[identifier]
      guard union > 0 else { continue }
      add(Double(shared[identifier]) / Double(union), identifier)
    }
  }

  private static let counters = [Int](repeating: 0, count: 1 << 16)

  /// The labels of a picture, which may be empty.
  private static func labels(_ path: String) throws(Failure) -> MaskPicture {
    try MaskPicture.read(path, as: .labels, allowsEmpty: true)
  }

  private mutating func add(_ iou: Double, _ identifier: Int) {
    let index = objects.firstIndex { $0.identifier >= identifier } ?? objects.count
    if index == objects.count || objects[index].identifier != identifier {
      objects.insert(Object(identifier: identifier), at: index)
    }
    objects[index].ious.append(iou)
  }

  /// The PNG files in a folder, sorted; nil if the path is not a folder.
  private static func pictureNames(_ path: String) throws(Failure) -> [String]? {
    guard let stream = opendir(path) else {
      if errno == ENOTDIR { return nil }
      throw .opening(path, errno)
    }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name.lowercased().hasSuffix(".png"), !name.hasPrefix(".") { names.append(name) }
    }
    guard !names.isEmpty else {
      throw Failure(.badInput, code: "score.no_frames", "the folder has no PNG files", file: path)
    }
    return names.sorted()
  }

  // MARK: - Output

  /// Mean of all objects' mean IoU; 1 if there are no objects in any picture.
  var mean: Double {
    objects.isEmpty ? 1 : objects.reduce(0) { $0 + $1.mean } / Double(objects.count)
  }

  var text: String {
    let rows = objects.map { object in
      "object \(object.identifier): mean IoU \(fixed(object.mean, 4)), minimum "
        + "\(fixed(object.ious.min() ?? 0, 4)), \(object.ious.count) frames"
    }
    return (rows + ["mean IoU \(fixed(mean, 4)), \(frameCount) frames"]).joined(separator: "\n")
  }

  var json: JSONValue {
    [
      "mean_iou": .number(mean), "notices": notices.json, "frames": .init(frameCount),
      "objects": .array(
        objects.map { object in
          [
            "object": .init(object.identifier), "mean_iou": .number(object.mean),
            "least_iou": .number(object.ious.min() ?? 0), "frames": .init(object.ious.count),
          ]
        }),
    ]
  }
}
