namespace BoxerMpi.Transport;

/// <summary>Starts threads: the runtime opens a pipe for each, and without descriptors says that memory is out.</summary>
internal static class StartedThread
{
    /// <summary>Starts a thread of the background.</summary>
    /// <exception cref="DescriptorShortageException">There are no descriptors for it.</exception>
    public static Thread Of(string name, int stackBytes, Action run)
    {
        Thread thread = new(() => run(), stackBytes) { IsBackground = true, Name = name };
        try
        {
            thread.Start();
            return thread;
        }
        catch (Exception error) when (error is OutOfMemoryException or ThreadStartException && IsShort())
        {
            throw new DescriptorShortageException($"The thread \"{name}\"");
        }
    }

    /// <summary>Whether there are fewer descriptors than a pipe takes: as many as an event queue.</summary>
    private static bool IsShort()
    {
        if (!OperatingSystem.IsLinux())
            return false;
        try
        {
            new Epoll().Dispose();
            return false;
        }
        catch (DescriptorShortageException)
        {
            return true;
        }
    }
}
