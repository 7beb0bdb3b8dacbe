using Ahoy.Runtimes.Namespaces;

namespace Ahoy.Tests.Runtimes;

public sealed class IdRangesTests
{
    [Theory]
    [InlineData("         0          0 4294967295\n", "All")]
    [InlineData("         0       1001          1\n         1     100000      65535\n", "Range")]
    [InlineData("         0       1001          1\n", "Single")]
    public void Parse_UidMap_TellsWhatIdsThereAre(string map, string expected) => Assert.Equal(expected, IdRanges.Parse(map).ToString());
}
