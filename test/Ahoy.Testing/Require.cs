namespace Ahoy.Testing;

/// <summary>What a test needs from its machine: in a complete run (AHOY_TEST_REQUIRE_ALL=1) it must be there.</summary>
public static class Require
{
    /// <summary>Call it before Assert.SkipUnless with the same arguments.</summary>
    /// <exception cref="InvalidOperationException">The condition does not hold, in a complete run.</exception>
    public static void That(bool condition, string reason)
    {
        if (!condition && Environment.GetEnvironmentVariable("AHOY_TEST_REQUIRE_ALL") == "1")
            throw new InvalidOperationException($"Required in this run, but: {reason}");
    }
}
