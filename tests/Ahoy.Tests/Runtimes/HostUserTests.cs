using Ahoy.Runtimes.Namespaces;

namespace Ahoy.Tests.Runtimes;

public sealed class HostUserTests
{
    private const string Passwd = "root:x:0:0:root:/root:/bin/bash\nannie:x:1001:1001::/home/annie:/bin/sh\n";

    [Theory]
    [InlineData(1001, "         0          0 4294967295\n", "annie")]
    [InlineData(1002, "         0          0 4294967295\n", "1002")]
    [InlineData(0, "         0       1001          1\n         1     100000      65536\n", "annie")]
    [InlineData(0, "         0          0 4294967295\n", "root")]
    public void Name_IsThatOfTheHost(uint user, string uidMap, string name) => Assert.Equal(name, HostUser.Name(user, uidMap, Passwd));
}
