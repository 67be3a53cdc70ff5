// The names are those in the header.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import Bytes
public import CSAM2
import SAM2
import Synchronization

/// A predictor held by a C caller; calls use it one at a time.
final class PredictorObject: Sendable {
  private struct State {
    let predictor: ImagePredictor
    /// Size of the picture; zero until there is one.
    var width = 0
    var height = 0
  }

  private let state: Guarded<State>
  private let side: Int

  init(_ model: SegmentationModel) {
    state = Guarded(State(predictor: ImagePredictor(model)))
    side = model.configuration.maskSide
  }

  func setImage(_ picture: RGBImage) throws(Failure) {
    try state.withLock { state throws(Failure) in
      (state.width, state.height) = (0, 0)
      try state.predictor.setImage(picture)
      (state.width, state.height) = (picture.width, picture.height)
    }
  }

  func predict(_ argument: PromptArgument) throws(Failure) -> ResultObject {
    try state.withLock { state throws(Failure) in
      guard state.width > 0 else {
        throw Failure(
          .usage, code: "image.not_set", "there is no picture to segment",
          hint: "call sam2_predictor_set_image before")
      }
      let prompt = try argument.prompt(width: state.width, height: state.height, side: side)
      let notices = Prompt.notices(
        points: prompt.points, box: prompt.box, width: state.width, height: state.height)
      let prediction = try state.predictor.predict(prompt, multimask: argument.multimask)
      return ResultObject(PromptMasks(prediction, argument.finish), notices: notices)
    }
  }
}

@c @implementation
public func sam2_prompt_init(_ prompt: UnsafeMutablePointer<sam2_prompt>?, _ size: Int) {
  initialise(prompt, size: size, defaults: .standard)
}

@c @implementation
public func sam2_predictor_create(
  _ model: OpaquePointer?, _ predictor: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<sam2_error>?
) -> sam2_status {
  call(returning: predictor, error) {
    let model = try Handles.models.object(model).model
    try model.require(.prompting)
    return Handles.predictors.insert(PredictorObject(model))
  }
}

@c @implementation
public func sam2_predictor_free(_ predictor: OpaquePointer?) {
  Handles.predictors.remove(predictor)
}

@c @implementation
public func sam2_predictor_set_image(
  _ predictor: OpaquePointer?, _ image: UnsafePointer<sam2_image>?,
  _ error: UnsafeMutablePointer<sam2_error>?
) -> sam2_status {
  call(error) {
    try Handles.predictors.object(predictor).setImage(Arguments.picture(image))
  }
}

@c @implementation
public func sam2_predictor_predict(
  _ predictor: OpaquePointer?, _ prompt: UnsafePointer<sam2_prompt>?,
  _ result: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<sam2_error>?
) -> sam2_status {
  call(returning: result, error) {
    let predictor = try Handles.predictors.object(predictor)
    return Handles.results.insert(try predictor.predict(PromptArgument(prompt)))
  }
}
