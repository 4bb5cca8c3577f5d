using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using BoxerMpi.Processes;
using Microsoft.Win32.SafeHandles;

namespace BoxerMpi.NatLab.Kernel;

/// <summary>A network namespace, held by a descriptor: it lives as long as a descriptor, a process or a socket is in it.</summary>
internal sealed class NetworkNamespace : INetwork, IDisposable
{
    // Bodies make sockets and start programs; they do not recurse.
    private const int ThreadStackBytes = 512 * 1024;
    private const int CookieOption = 71; // SO_NETNS_COOKIE

    private readonly SafeFileHandle _handle;

    private NetworkNamespace(string name, int descriptor)
    {
        Name = name;
        _handle = new SafeFileHandle(descriptor, ownsHandle: true);
    }

    public string Name { get; }

    public int Descriptor => (int)_handle.DangerousGetHandle();

    /// <summary>A new namespace. The calling thread is in it from now on, so it must be one of the lab's own.</summary>
    /// <exception cref="LabException">The kernel does not let this process make one.</exception>
    public static NetworkNamespace MakeAndEnter(string name)
    {
        if (KernelCalls.Unshare(KernelCalls.NewNetwork) == 0)
            return Open(name, "/proc/thread-self/ns/net");

        int error = Marshal.GetLastPInvokeError();
        throw new LabException(
            $"the kernel makes no network namespace: {Marshal.GetPInvokeErrorMessage(error)}",
            error == KernelCalls.NotPermitted
                ? "in a container, start it with --privileged (CAP_SYS_ADMIN and CAP_NET_ADMIN)"
                : "it takes a kernel with CONFIG_NET_NS, and /proc/sys/user/max_net_namespaces above 0");
    }

    /// <summary>A namespace by a file that stands for it, as in /run/netns or /proc/PID/fd.</summary>
    /// <exception cref="LabException">There is none.</exception>
    public static NetworkNamespace Open(string name, string path)
    {
        int descriptor = KernelCalls.Open(path, KernelCalls.CloseOnExecute);
        if (descriptor >= 0)
            return new NetworkNamespace(name, descriptor);

        int error = Marshal.GetLastPInvokeError();
        throw new LabException(
            $"network namespace {name} cannot be opened ({path}: {Marshal.GetPInvokeErrorMessage(error)})",
            Hint(error, "boxer natlab status shows which labs there are"));
    }

    /// <summary>Moves the calling thread here for good; never a thread of a pool.</summary>
    public void Enter()
    {
        if (KernelCalls.SetNamespace(Descriptor, KernelCalls.NewNetwork) != 0)
            throw new LabException($"network namespace {Name} cannot be entered: {Marshal.GetLastPInvokeErrorMessage()}", "it takes root (CAP_SYS_ADMIN)");
    }

    /// <summary>
    /// Runs a body on a thread of its own in here. Sockets and processes that it makes belong here for good, whoever uses them later;
    /// continuations behind an <c>await</c> run elsewhere.
    /// </summary>
    public T Run<T>(Func<T> body)
    {
        T result = default!;
        ExceptionDispatchInfo? failure = null;
        Thread thread = new(
            () =>
            {
                try
                {
                    Enter();
                    result = body();
                }
                catch (Exception error)
                {
                    failure = ExceptionDispatchInfo.Capture(error);
                }
            },
            ThreadStackBytes)
        {
            IsBackground = true,
            Name = $"in {Name}",
        };
        thread.Start();
        thread.Join();
        failure?.Throw();
        return result;
    }

    /// <inheritdoc cref="Run{T}(Func{T})"/>
    public void Run(Action body) => Run(() =>
    {
        body();
        return true;
    });

    /// <summary>What tells it from every other namespace. The calling thread must be in it.</summary>
    public unsafe NamespaceIdentity Identify()
    {
        ulong cookie = 0;
        uint length = sizeof(ulong);
        int socket = KernelCalls.Socket(1 /* AF_UNIX */, 2 /* SOCK_DGRAM */ | KernelCalls.CloseOnExecute, 0);
        int result = socket < 0 ? socket : KernelCalls.GetOption(socket, 1 /* SOL_SOCKET */, CookieOption, &cookie, &length);
        int error = Marshal.GetLastPInvokeError();
        if (socket >= 0)
            _ = NativeMethods.Close(socket);
        return result == 0
            ? new NamespaceIdentity(Name, new FileInfo($"/proc/self/fd/{Descriptor}").LinkTarget ?? "", cookie)
            : throw new LabException(
                $"the kernel does not identify network namespace {Name} ({Marshal.GetPInvokeErrorMessage(error)})",
                Hint(error, "it takes Linux 5.14 or newer"));
    }

    public void Dispose() => _handle.Dispose();

    private static string Hint(int error, string otherwise) => error is KernelCalls.TooManyFiles or KernelCalls.TooManyFilesOfAll
        ? "a lab takes a descriptor for each namespace, two a host: raise the limit of open files (ulimit -n)"
        : otherwise;
}

/// <summary>Tells a namespace from all others.</summary>
/// <param name="Name">Its name in the lab.</param>
/// <param name="Link">How the process table shows it, as in <c>net:[4026532345]</c>; the kernel gives the number to another one later.</param>
/// <param name="Cookie">The kernel's number for it, never given twice.</param>
internal sealed record NamespaceIdentity(string Name, string Link, ulong Cookie);
