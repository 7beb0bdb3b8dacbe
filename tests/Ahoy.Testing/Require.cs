namespace Ahoy.Testing;

/// <summary>Turns a missing component into a failure where every component must be there (continuous integration).</summary>
public static class Require
{
    /// <summary>Call before <c>Assert.SkipUnless</c> with the same arguments.</summary>
    /// <exception cref="InvalidOperationException">The condition is false and AHOY_TEST_REQUIRE_ALL is 1.</exception>
    public static void That(bool condition, string reason)
    {
        if (!condition && Environment.GetEnvironmentVariable("AHOY_TEST_REQUIRE_ALL") == "1")
            throw new InvalidOperationException($"Required in this run, but: {reason}");
    }
}
