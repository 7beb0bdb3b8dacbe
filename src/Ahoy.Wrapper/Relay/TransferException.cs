using Ahoy.Contracts;
using Ahoy.Wrapper.Native;

namespace Ahoy.Wrapper.Relay;

/// <summary>An input or output that could not be moved, with the reason in terms of the job.</summary>
internal sealed class TransferException : AhoyException
{
    private TransferException(ErrorCode code, string message, Exception inner, bool transient)
        : base(code, message, inner, transient)
    {
    }

    public static TransferException Of(string what, AhoyException reason) =>
        new(reason.Code, $"{what}: {reason.Message}", reason, reason.Transient);

    /// <summary>For a fault of the local file system, whose error number .NET keeps as HResult; a full disk gets its own code.</summary>
    public static TransferException Of(string what, Exception reason) => reason.HResult is Libc.ENoSpc or Libc.EDQuot
        ? new(ErrorCode.DiskFull, $"{what}: the disk is full.", reason, transient: true)
        : new(ErrorCode.Internal, $"{what}: {reason.Message}", reason, transient: false);
}
