using Ahoy.Contracts;

namespace Ahoy.Client.Transfers;

/// <summary>The digests of files that have been read before, as kept on disk.</summary>
internal sealed record DigestCacheFile
{
    /// <summary>By absolute path.</summary>
    public required Dictionary<string, Entry> Files { get; init; }

    public sealed record Entry
    {
        public required FileStamp Stamp { get; init; }
        public required Digest Digest { get; init; }
    }
}
