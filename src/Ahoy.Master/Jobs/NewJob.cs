using Ahoy.Contracts.Jobs;

namespace Ahoy.Master.Jobs;

/// <summary>A request on its way into the queue, with its idempotency key.</summary>
internal readonly record struct NewJob(JobRequest Request, string? Key);
