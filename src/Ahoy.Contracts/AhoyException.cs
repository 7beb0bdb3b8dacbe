namespace Ahoy.Contracts;

/// <summary>An error with a stable code and a message for people: what failed, on what, why, and what to do.</summary>
public class AhoyException : Exception
{
    public AhoyException(ErrorCode code, string message, Exception? inner = null, bool transient = false)
        : base(message, inner)
    {
        Code = code;
        Transient = transient;
    }

    public ErrorCode Code { get; }

    /// <summary>True when the same call may succeed later without anybody changing anything.</summary>
    public bool Transient { get; }
}
