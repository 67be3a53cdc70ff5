// The names are those in the header.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Bytes
public import CSAM2
import SAM2

@c @implementation
public func sam2_tracker_options_init(
  _ options: UnsafeMutablePointer<sam2_tracker_options>?, _ size: Int
) {
  initialise(options, size: size, defaults: .standard)
}

@c @implementation
public func sam2_tracker_create(
  _ model: OpaquePointer?, _ width: Int32, _ height: Int32,
  _ options: UnsafePointer<sam2_tracker_options>?,
  _ tracker: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<sam2_error>?
) -> sam2_status {
  call(returning: tracker, error) {
    let model = try Handles.models.object(model).model
    let options = try VideoOptions(members(of: options, defaults: .standard))
    return Handles.trackers.insert(
      try TrackerObject(model, width: Int(width), height: Int(height), options: options))
  }
}

@c @implementation
public func sam2_tracker_resume(
  _ model: OpaquePointer?, _ path: UnsafePointer<CChar>?, _ width: Int32, _ height: Int32,
  _ options: UnsafePointer<sam2_tracker_options>?,
  _ tracker: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<sam2_error>?
) -> sam2_status {
  call(returning: tracker, error) {
    let model = try Handles.models.object(model).model
    let options = try VideoOptions(members(of: options, defaults: .standard))
    return Handles.trackers.insert(
      try TrackerObject(
        model, width: Int(width), height: Int(height), options: options,
        resuming: Arguments.text(path, "path")))
  }
}

@c @implementation
public func sam2_tracker_free(_ tracker: OpaquePointer?) { Handles.trackers.remove(tracker) }

@c @implementation
public func sam2_tracker_push(
  _ tracker: OpaquePointer?, _ image: UnsafePointer<sam2_image>?,
  _ result: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<sam2_error>?
) -> sam2_status {
  result?.pointee = nil
  return call(error) {
    let tracker = try Handles.trackers.object(tracker)
    let masks = try tracker.push(Arguments.picture(image))
    result?.pointee = Handles.results.insert(masks)
  }
}

@c @implementation
public func sam2_tracker_add(
  _ tracker: OpaquePointer?, _ object: Int64, _ prompt: UnsafePointer<sam2_prompt>?,
  _ result: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<sam2_error>?
) -> sam2_status {
  result?.pointee = nil
  return call(error) {
    let tracker = try Handles.trackers.object(tracker)
    let masks = try tracker.add(PromptArgument(prompt), object: Int(object))
    result?.pointee = Handles.results.insert(masks)
  }
}

@c @implementation
public func sam2_tracker_remove(
  _ tracker: OpaquePointer?, _ object: Int64, _ error: UnsafeMutablePointer<sam2_error>?
) -> sam2_status {
  call(error) { try Handles.trackers.object(tracker).remove(Int(object)) }
}

@c @implementation
public func sam2_tracker_reset(
  _ tracker: OpaquePointer?, _ error: UnsafeMutablePointer<sam2_error>?
) -> sam2_status {
  call(error) { try Handles.trackers.object(tracker).reset() }
}

@c @implementation
public func sam2_tracker_objects(
  _ tracker: OpaquePointer?, _ objects: UnsafeMutablePointer<Int64>?, _ capacity: Int,
  _ count: UnsafeMutablePointer<Int>?, _ error: UnsafeMutablePointer<sam2_error>?
) -> sam2_status {
  call(error) {
    let found = try Handles.trackers.object(tracker).objects
    guard let count else { throw Failure.null("count") }
    if capacity != 0 {
      try Output(objects, capacity: capacity).write(found.map { Int64($0) })
    }
    count.pointee = found.count
  }
}

@c @implementation
public func sam2_tracker_save(
  _ tracker: OpaquePointer?, _ path: UnsafePointer<CChar>?,
  _ error: UnsafeMutablePointer<sam2_error>?
) -> sam2_status {
  call(error) {
    try Handles.trackers.object(tracker).save(to: Arguments.text(path, "path"))
  }
}
