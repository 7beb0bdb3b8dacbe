using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;

namespace Ahoy.Master;

/// <summary>The most bytes that a call's body may have. Where a route says nothing, it is <see cref="Small"/>.</summary>
internal sealed record BodyLimit(long? MaxRequestBodySize) : IRequestSizeLimitMetadata
{
    public const long Small = 64 << 10;
    /// <summary>For lists of many: jobs, files of a build, digests, an agent's reports with their logs.</summary>
    public const long Large = 32 << 20;

    public static RouteGroupBuilder Allow(RouteGroupBuilder group, long bytes) => group.WithMetadata(new BodyLimit(bytes));
}
