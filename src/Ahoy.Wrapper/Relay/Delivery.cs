using Ahoy.Contracts;
using Ahoy.Contracts.Jobs;

namespace Ahoy.Wrapper.Relay;

/// <summary>What became of the declared outputs.</summary>
/// <param name="Delivered">Those that the agent has confirmed, in the order of the orders.</param>
/// <param name="Missing">Those that the program did not leave, or left as something that is no file; each with a sentence that says so.</param>
/// <param name="Failure">Why the others could not be delivered; null when all were.</param>
internal sealed record Delivery(IReadOnlyList<OutputFile> Delivered, IReadOnlyList<string> Missing, AhoyException? Failure);
