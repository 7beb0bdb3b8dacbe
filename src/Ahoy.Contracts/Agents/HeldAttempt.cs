using Ahoy.Contracts.Jobs;

namespace Ahoy.Contracts.Agents;

public sealed record HeldAttempt
{
    public required JobId Job { get; init; }
    public required int Attempt { get; init; }
}
