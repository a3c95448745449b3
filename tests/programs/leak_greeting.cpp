// The C++ runtime's own memory (its emergency pool, the streams' locale) is no leak.
#include <iostream>
#include <string>

int main() { std::cout << std::string("hello, ") + "world" << std::endl; }
