using Ahoy.Wrapper.Programs;

namespace Ahoy.Tests.Wrapper;

public sealed class MemoryWatchTests
{
    [Theory]
    [InlineData(1000, 0, 100, 250)]    // nothing grows: seldom
    [InlineData(1000, -50, 100, 250)]
    [InlineData(1000, 1000, 100, 25)]  // full in 100 ms: after a quarter of that
    [InlineData(1000, 4000, 100, 20)]  // never more often than every 20 ms
    [InlineData(-10, 0, 100, 20)]      // above the limit and still there
    public void NextInterval_IsAQuarterOfTheTimeThatIsLeft(long headroom, long growth, int during, int expected) =>
        Assert.Equal(expected, MemoryWatch.NextInterval(headroom, growth, TimeSpan.FromMilliseconds(during)).TotalMilliseconds, 3);
}
