# Starts a 64-bit program from a multiboot loader, with the vector units on:
# pages of 2 MiB map the first GiB to itself, XCR0 enables SSE, AVX and AVX-512.
.set FLAGS, 0x00010003
.section .boot, "ax"
.code32
.align 4
mb: .long 0x1BADB002, FLAGS, -(0x1BADB002 + FLAGS)
.long mb, load_start, load_end, bss_end, entry
.global entry
entry:
  cli
  mov $stack_top, %esp
  mov $pml4, %edi
  mov $pdpt + 3, %eax
  mov %eax, (%edi)
  mov $pdpt, %edi
  mov $pd + 3, %eax
  mov %eax, (%edi)
  mov $pd, %edi
  mov $0x83, %eax
  mov $512, %ecx
1: mov %eax, (%edi)
  movl $0, 4(%edi)
  add $0x200000, %eax
  add $8, %edi
  loop 1b
  mov $pml4, %eax
  mov %eax, %cr3
  mov %cr4, %eax
  or $0x40620, %eax   # PAE, OSFXSR, OSXMMEXCPT, OSXSAVE
  mov %eax, %cr4
  mov $0xC0000080, %ecx
  rdmsr
  or $0x100, %eax
  wrmsr
  mov %cr0, %eax
  and $~4, %eax
  or $0x80000003, %eax
  mov %eax, %cr0
  lgdt gdtp
  ljmp $8, $long
.code64
long:
  mov $16, %ax
  mov %ax, %ds
  mov %ax, %es
  mov %ax, %ss
  xor %ecx, %ecx
  mov $0xE7, %eax     # x87, SSE, AVX, opmask, ZMM
  xor %edx, %edx
  xsetbv
  mov $stack_top, %rsp
  call main
1: hlt
  jmp 1b
.align 8
gdt: .quad 0, 0x00AF9A000000FFFF, 0x00CF92000000FFFF
gdtp: .word 23
.long gdt
.section .bss
.align 4096
pml4: .skip 4096
pdpt: .skip 4096
pd: .skip 4096
.skip 65536
stack_top:
