namespace Ahoy.Testing;

/// <summary>Where everything has to be present (CI), an absent component is a failure and not a skipped test.</summary>
public static class Require
{
    /// <summary>Call it before <c>Assert.SkipUnless</c> with the same condition and reason.</summary>
    public static void That(bool condition, string reason)
    {
        if (!condition && Environment.GetEnvironmentVariable("AHOY_TEST_REQUIRE_ALL") == "1")
            throw new InvalidOperationException($"Required in this run, but: {reason}");
    }
}
