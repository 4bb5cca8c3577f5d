using System.Net;
using System.Net.Sockets;

namespace BoxerMpi.Rendezvous.Tests;

/// <summary>The sockets of platforms other than Linux.</summary>
public class ManagedSocketTests
{
    /// <summary>One moment without a descriptor, which throws on the rendezvous' thread, would end all that it does.</summary>
    [Fact]
    public void A_socket_that_the_system_does_not_give_is_an_attempt_that_has_failed()
    {
        using ManagedSocket none = new((AddressFamily)45678);
        Assert.Equal(-1, none.Descriptor);
        Assert.Null(none.Local);
        Assert.Equal(SocketError.AddressFamilyNotSupported, none.Connect(new IPEndPoint(IPAddress.Loopback, 9)));
        none.Abort();
    }
}
