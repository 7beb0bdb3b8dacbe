using Ahoy.Contracts;

namespace Ahoy.Client;

/// <summary>The command line itself is wrong: the process exits with 2.</summary>
internal sealed class UsageException(string message) : AhoyException(ErrorCode.InvalidRequest, message);
