using System.Runtime.InteropServices;
using BoxerMpi.NatLab.Kernel;
using BoxerMpi.Processes;

namespace BoxerMpi.Punching.Tests.Support;

/// <summary>A gateway's table of connections.</summary>
internal static unsafe class Connections
{
    private const int NetlinkFamily = 16, RawType = 3;

    /// <summary>Empties the table of the namespace that the calling thread is in, as a gateway that was started again has done.</summary>
    public static void Forget()
    {
        int socket = KernelCalls.Socket(NetlinkFamily, RawType, NetlinkSocket.Netfilter);
        Assert.True(socket >= 0, Marshal.GetLastPInvokeErrorMessage());

        // struct nlmsghdr (length, type IPCTNL_MSG_CT_DELETE of NFNL_SUBSYS_CTNETLINK, flags REQUEST|ACK, sequence, port), struct nfgenmsg.
        byte[] request = [20, 0, 0, 0, 2, 1, 5, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        byte[] answer = new byte[256];
        fixed (byte* sent = request, received = answer)
        {
            Assert.Equal(request.Length, (int)KernelCalls.Send(socket, sent, (nuint)request.Length, 0));
            int length = (int)KernelCalls.Receive(socket, received, (nuint)answer.Length, 0);
            Assert.True(length >= 20, Marshal.GetLastPInvokeErrorMessage());
        }

        _ = NativeMethods.Close(socket);
        Assert.Equal(0, BitConverter.ToInt32(answer, 16));
    }
}
