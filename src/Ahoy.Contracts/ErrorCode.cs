using System.Text.Json.Serialization;

namespace Ahoy.Contracts;

/// <summary>Stable codes of everything that can go wrong across the wire. Programs tell errors apart by these, never by the text.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ErrorCode>))]
public enum ErrorCode
{
    [JsonStringEnumMemberName("internal")] Internal,
    [JsonStringEnumMemberName("invalid_request")] InvalidRequest,
    [JsonStringEnumMemberName("unauthorized")] Unauthorized,
    [JsonStringEnumMemberName("forbidden")] Forbidden,
    [JsonStringEnumMemberName("not_found")] NotFound,
    [JsonStringEnumMemberName("name_taken")] NameTaken,
    [JsonStringEnumMemberName("conflict")] Conflict,
    /// <summary>The same idempotency key came with another request.</summary>
    [JsonStringEnumMemberName("idempotency_mismatch")] IdempotencyMismatch,
    [JsonStringEnumMemberName("unknown_base")] UnknownBase,
    [JsonStringEnumMemberName("unknown_image")] UnknownImage,
    [JsonStringEnumMemberName("missing_blob")] MissingBlob,
    /// <summary>Bytes do not have the SHA-256 or the size that was announced.</summary>
    [JsonStringEnumMemberName("digest_mismatch")] DigestMismatch,
    /// <summary>A resumed upload or download does not continue where the other side stands.</summary>
    [JsonStringEnumMemberName("offset_mismatch")] OffsetMismatch,
    [JsonStringEnumMemberName("invalid_image")] InvalidImage,
    /// <summary>An archive tries to write outside its place, or holds entries that are not allowed.</summary>
    [JsonStringEnumMemberName("unsafe_archive")] UnsafeArchive,
    [JsonStringEnumMemberName("build_failed")] BuildFailed,
    /// <summary>No agent that could ever be matched is big enough or allowed.</summary>
    [JsonStringEnumMemberName("never_satisfiable")] NeverSatisfiable,
    /// <summary>The reporter does not hold the attempt's lease (any more).</summary>
    [JsonStringEnumMemberName("stale_attempt")] StaleAttempt,
    [JsonStringEnumMemberName("disk_full")] DiskFull,
    [JsonStringEnumMemberName("unavailable")] Unavailable,
    [JsonStringEnumMemberName("program_failed")] ProgramFailed,
    [JsonStringEnumMemberName("runtime_failed")] RuntimeFailed,
    [JsonStringEnumMemberName("not_supported")] NotSupported,
}
